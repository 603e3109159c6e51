-- What other programs log and what people call runs: histograms, steps of files, names and aliases.
CREATE TABLE "aliases" (
	"project" text NOT NULL,
	"experiment" text NOT NULL,
	"alias" text NOT NULL,
	"run_id" uuid NOT NULL,
	"set_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "aliases_project_experiment_alias_pk" PRIMARY KEY("project","experiment","alias")
);
--> statement-breakpoint
CREATE TABLE "histograms" (
	"run_id" uuid NOT NULL,
	"name" text NOT NULL,
	"step" bigint NOT NULL,
	"epoch" integer,
	"edges" double precision[] NOT NULL,
	"counts" double precision[] NOT NULL,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "histograms_run_id_name_step_pk" PRIMARY KEY("run_id","name","step")
);
--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "name" text;--> statement-breakpoint
ALTER TABLE "artifacts" ADD COLUMN "step" bigint;--> statement-breakpoint
ALTER TABLE "aliases" ADD CONSTRAINT "aliases_run_id_runs_run_id_fk" FOREIGN KEY ("run_id") REFERENCES "public"."runs"("run_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "histograms" ADD CONSTRAINT "histograms_run_id_runs_run_id_fk" FOREIGN KEY ("run_id") REFERENCES "public"."runs"("run_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "aliases_run" ON "aliases" USING btree ("run_id");
--> statement-breakpoint
-- As before, with the run's own name and its aliases at the end.
CREATE OR REPLACE VIEW v_runs AS
SELECT r.run_id, r.project, r.experiment, r.variant, r.seed, r.fold, r.kind, r.settings_hash, r.dataset_digest, r.split_digest,
  r.status, r.engine, r.digest, r.best_epoch, r.val_loss,
  r.test_loss, r.test_accuracy, r.test_precision, r.test_recall, r.test_f1, r.test_auc,
  r.created_at, r.started_at, r.ended_at,
  extract(epoch FROM r.ended_at - r.started_at)::double precision AS duration_s,
  r.engine_version, r.device, r.kernels, r.threads,
  r.classes, r.positive_class, d.name AS dataset, r.simulated, r.smoke, r.init, r.parent_run_id,
  r.size, r.layout, r.width_mult, r.image_size_px, r.batch_size, r.epochs, r.optimizer, r.lr, r.freeze, r.config,
  r.parameters_total, r.parameters_trainable, r.train_samples, r.val_samples, r.test_samples,
  r.error_code, r.error_message, r.tags, r.note, r.archived_at IS NOT NULL AS archived,
  r.code_digest, r.git_commit, r.git_branch, r.git_diff <> '' AS git_dirty, r.lockfile_digest, r.node_version,
  r.package_version, r.os, r.cpu, r.host, r.command_line,
  r.name, coalesce((SELECT array_agg(a.alias ORDER BY a.alias) FROM aliases a WHERE a.run_id = r.run_id), '{}') AS aliases
FROM runs r LEFT JOIN datasets d USING (dataset_digest)
WHERE r.deleted_at IS NULL;
--> statement-breakpoint
CREATE VIEW v_aliases AS
SELECT a.project, a.experiment, a.alias, a.run_id, r.variant, r.seed, a.set_at
FROM aliases a JOIN runs r USING (run_id)
WHERE r.deleted_at IS NULL;
--> statement-breakpoint
CREATE VIEW v_histograms AS
SELECT r.experiment, r.variant, r.seed, h.run_id, h.name, h.step, h.epoch, h.edges, h.counts, h.at
FROM histograms h JOIN runs r USING (run_id)
WHERE r.deleted_at IS NULL;
--> statement-breakpoint
CREATE VIEW v_artifacts AS
SELECT r.experiment, r.variant, r.seed, a.run_id, a.artifact_id, a.kind, a.name, a.media_type, a.path, a.sha256, a.bytes, a.epoch, a.step, a.created_at
FROM artifacts a JOIN runs r USING (run_id)
WHERE r.deleted_at IS NULL;
--> statement-breakpoint
CREATE VIEW v_log AS
SELECT r.experiment, r.variant, r.seed, e.run_id, e.seq, e.at, e.level, e.text
FROM run_events e JOIN runs r USING (run_id)
WHERE r.deleted_at IS NULL;
