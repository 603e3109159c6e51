CREATE TABLE "run_changes" (
	"change_id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"run_id" uuid NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	"user_name" text NOT NULL,
	"what" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "users" (
	"name" text PRIMARY KEY NOT NULL,
	"role" text NOT NULL,
	"token_sha256" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"last_seen_at" timestamp with time zone,
	CONSTRAINT "users_token_sha256_unique" UNIQUE("token_sha256")
);
--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "user_name" text;--> statement-breakpoint
ALTER TABLE "run_changes" ADD CONSTRAINT "run_changes_run_id_runs_run_id_fk" FOREIGN KEY ("run_id") REFERENCES "public"."runs"("run_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "run_changes_run" ON "run_changes" USING btree ("run_id");
--> statement-breakpoint
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
  r.name, coalesce((SELECT array_agg(a.alias ORDER BY a.alias) FROM aliases a WHERE a.run_id = r.run_id), '{}') AS aliases,
  p.average_precision AS test_average_precision, p.sensitivity_at_90_specificity AS test_sensitivity_at_90_specificity,
  s.balanced_accuracy AS test_balanced_accuracy, s.matthews_correlation AS test_matthews_correlation,
  s.cohens_kappa AS test_cohens_kappa, s.brier AS test_brier, s.expected_calibration_error AS test_expected_calibration_error,
  s.macro_f1 AS test_macro_f1, s.weighted_f1 AS test_weighted_f1, s.macro_auc AS test_macro_auc,
  r.user_name
FROM runs r LEFT JOIN datasets d USING (dataset_digest)
  LEFT JOIN epoch_scores s ON s.run_id = r.run_id AND s.phase = 'test' AND s.epoch = 1
  LEFT JOIN class_scores p ON p.run_id = r.run_id AND p.phase = 'test' AND p.epoch = 1
    AND p.class = array_position(r.classes, r.positive_class) - 1
WHERE r.deleted_at IS NULL;
--> statement-breakpoint
CREATE VIEW v_run_changes AS
SELECT r.experiment, r.variant, r.seed, c.run_id, c.at, c.user_name, c.what
FROM run_changes c JOIN runs r USING (run_id)
WHERE r.deleted_at IS NULL;
