CREATE TABLE "evaluations" (
	"run_id" uuid NOT NULL,
	"phase" text NOT NULL,
	"dataset_digest" text NOT NULL,
	"part" text,
	"samples" integer NOT NULL,
	"seen_samples" integer NOT NULL,
	"class_map" jsonb NOT NULL,
	"engine" text NOT NULL,
	"kernels" text NOT NULL,
	"digest" text NOT NULL,
	"evaluated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "evaluations_run_id_phase_pk" PRIMARY KEY("run_id","phase")
);
--> statement-breakpoint
ALTER TABLE "evaluations" ADD CONSTRAINT "evaluations_run_id_runs_run_id_fk" FOREIGN KEY ("run_id") REFERENCES "public"."runs"("run_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "evaluations" ADD CONSTRAINT "evaluations_dataset_digest_datasets_dataset_digest_fk" FOREIGN KEY ("dataset_digest") REFERENCES "public"."datasets"("dataset_digest") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
-- One row an evaluation of a stored run on another labelled set; matrix and predictions are in v_confusion and v_predictions under its phase.
CREATE VIEW v_evaluations AS
SELECT r.experiment, r.variant, r.seed, v.run_id, v.phase, d.name AS dataset, v.dataset_digest, v.part, v.samples, v.seen_samples,
  e.loss, e.accuracy, e.precision, e.recall, e.f1, e.auc, v.class_map, v.engine, v.kernels, v.digest, v.evaluated_at
FROM evaluations v JOIN runs r USING (run_id) JOIN datasets d ON d.dataset_digest = v.dataset_digest
  JOIN epochs e ON e.run_id = v.run_id AND e.phase = v.phase
WHERE r.deleted_at IS NULL;
--> statement-breakpoint
-- As before, but a prediction on another data set names that one.
CREATE OR REPLACE VIEW v_predictions AS
SELECT r.experiment, r.variant, r.seed, p.run_id, p.phase, p.epoch, p.sample_id, p.label, p.predicted,
  p.label = p.predicted AS correct,
  r.classes[p.label + 1] AS label_name, r.classes[p.predicted + 1] AS predicted_name,
  p.probabilities, p.logits,
  p.probabilities[p.label + 1] AS probability_label,
  p.probabilities[p.predicted + 1] AS probability_predicted,
  p.probabilities[array_position(r.classes, r.positive_class)] AS probability_positive,
  CASE WHEN p.probabilities[p.label + 1] > 0 THEN -ln(p.probabilities[p.label + 1]) ELSE 'Infinity' END AS loss,
  p.position, coalesce(v.dataset_digest, r.dataset_digest) AS dataset_digest
FROM predictions p JOIN runs r USING (run_id) LEFT JOIN evaluations v ON v.run_id = p.run_id AND v.phase = p.phase
WHERE r.deleted_at IS NULL;
