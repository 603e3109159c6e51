-- What the predictions of an evaluation say beyond accuracy and the confusion matrix.
CREATE TABLE "class_scores" (
	"run_id" uuid NOT NULL,
	"phase" text NOT NULL,
	"epoch" integer NOT NULL,
	"class" integer NOT NULL,
	"auc" double precision,
	"average_precision" double precision,
	"sensitivity_at_90_specificity" double precision,
	CONSTRAINT "class_scores_run_id_phase_epoch_class_pk" PRIMARY KEY("run_id","phase","epoch","class")
);
--> statement-breakpoint
CREATE TABLE "epoch_scores" (
	"run_id" uuid NOT NULL,
	"phase" text NOT NULL,
	"epoch" integer NOT NULL,
	"balanced_accuracy" double precision,
	"matthews_correlation" double precision,
	"cohens_kappa" double precision,
	"brier" double precision,
	"expected_calibration_error" double precision,
	"macro_precision" double precision,
	"macro_recall" double precision,
	"macro_f1" double precision,
	"macro_auc" double precision,
	"weighted_precision" double precision,
	"weighted_recall" double precision,
	"weighted_f1" double precision,
	"weighted_auc" double precision,
	CONSTRAINT "epoch_scores_run_id_phase_epoch_pk" PRIMARY KEY("run_id","phase","epoch")
);
--> statement-breakpoint
ALTER TABLE "class_scores" ADD CONSTRAINT "class_scores_run_id_runs_run_id_fk" FOREIGN KEY ("run_id") REFERENCES "public"."runs"("run_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "epoch_scores" ADD CONSTRAINT "epoch_scores_run_id_runs_run_id_fk" FOREIGN KEY ("run_id") REFERENCES "public"."runs"("run_id") ON DELETE cascade ON UPDATE no action;
--> statement-breakpoint
-- As before, with the scores at the end.
CREATE OR REPLACE VIEW v_epochs AS
SELECT r.experiment, r.variant, r.seed, e.run_id, e.phase, e.epoch, e.loss, e.accuracy, e.precision, e.recall, e.f1, e.auc,
  e.lr, e.duration_ms, e.images_per_second, e.state_digest, e.phase = 'val' AND e.epoch = r.best_epoch AS best,
  p.average_precision, p.sensitivity_at_90_specificity,
  s.balanced_accuracy, s.matthews_correlation, s.cohens_kappa, s.brier, s.expected_calibration_error,
  s.macro_precision, s.macro_recall, s.macro_f1, s.macro_auc,
  s.weighted_precision, s.weighted_recall, s.weighted_f1, s.weighted_auc
FROM epochs e JOIN runs r USING (run_id)
  LEFT JOIN epoch_scores s ON s.run_id = e.run_id AND s.phase = e.phase AND s.epoch = e.epoch
  LEFT JOIN class_scores p ON p.run_id = e.run_id AND p.phase = e.phase AND p.epoch = e.epoch
    AND p.class = array_position(r.classes, r.positive_class) - 1
WHERE r.deleted_at IS NULL;
--> statement-breakpoint
CREATE OR REPLACE VIEW v_class_metrics AS
SELECT r.experiment, r.variant, r.seed, k.run_id, k.phase, k.epoch, k.class, r.classes[k.class + 1] AS class_name,
  k.tp, k.predicted - k.tp AS fp, k.support - k.tp AS fn, k.total - k.predicted - k.support + k.tp AS tn, k.support,
  k.tp::double precision / nullif(k.predicted, 0) AS precision,
  k.tp::double precision / nullif(k.support, 0) AS recall,
  2 * k.tp::double precision / nullif(k.predicted + k.support, 0) AS f1,
  c.auc, c.average_precision, c.sensitivity_at_90_specificity
FROM (
  SELECT c.run_id, c.phase, c.epoch, g.class,
    sum(c.n) FILTER (WHERE c.true_class = g.class AND c.predicted_class = g.class) AS tp,
    sum(c.n) FILTER (WHERE c.true_class = g.class) AS support,
    sum(c.n) FILTER (WHERE c.predicted_class = g.class) AS predicted,
    sum(c.n) AS total
  FROM confusion_cells c
  JOIN (SELECT DISTINCT run_id, phase, epoch, true_class AS class FROM confusion_cells) g USING (run_id, phase, epoch)
  GROUP BY c.run_id, c.phase, c.epoch, g.class
) k JOIN runs r USING (run_id)
  LEFT JOIN class_scores c ON c.run_id = k.run_id AND c.phase = k.phase AND c.epoch = k.epoch AND c.class = k.class
WHERE r.deleted_at IS NULL;
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
  s.macro_f1 AS test_macro_f1, s.weighted_f1 AS test_weighted_f1, s.macro_auc AS test_macro_auc
FROM runs r LEFT JOIN datasets d USING (dataset_digest)
  LEFT JOIN epoch_scores s ON s.run_id = r.run_id AND s.phase = 'test' AND s.epoch = 1
  LEFT JOIN class_scores p ON p.run_id = r.run_id AND p.phase = 'test' AND p.epoch = 1
    AND p.class = array_position(r.classes, r.positive_class) - 1
WHERE r.deleted_at IS NULL;
--> statement-breakpoint
-- As before, with the scores among the metrics.
CREATE OR REPLACE VIEW v_variants AS
WITH latest AS (
  SELECT DISTINCT ON (project, experiment, variant, settings_hash, dataset_digest, seed, fold) *
  FROM runs
  WHERE status = 'done' AND deleted_at IS NULL AND archived_at IS NULL
  ORDER BY project, experiment, variant, settings_hash, dataset_digest, seed, fold, ended_at DESC NULLS LAST, run_id
), spread AS (
  SELECT l.project, l.experiment, l.variant, l.settings_hash, l.dataset_digest, v.metric,
    avg(v.value) AS mean, stddev_samp(v.value) AS sd, count(v.value) AS n,
    min(v.value) AS min, max(v.value) AS max, array_agg(l.seed ORDER BY l.seed) AS seeds, max(l.ended_at) AS ended_at
  FROM latest l
    LEFT JOIN epoch_scores s ON s.run_id = l.run_id AND s.phase = 'test' AND s.epoch = 1
    LEFT JOIN class_scores p ON p.run_id = l.run_id AND p.phase = 'test' AND p.epoch = 1
      AND p.class = array_position(l.classes, l.positive_class) - 1
    CROSS JOIN LATERAL (VALUES
    ('test_accuracy', l.test_accuracy), ('test_precision', l.test_precision), ('test_recall', l.test_recall),
    ('test_f1', l.test_f1), ('test_auc', l.test_auc), ('test_loss', l.test_loss), ('val_loss', l.val_loss),
    ('test_average_precision', p.average_precision), ('test_sensitivity_at_90_specificity', p.sensitivity_at_90_specificity),
    ('test_balanced_accuracy', s.balanced_accuracy), ('test_matthews_correlation', s.matthews_correlation),
    ('test_cohens_kappa', s.cohens_kappa), ('test_brier', s.brier),
    ('test_expected_calibration_error', s.expected_calibration_error),
    ('test_macro_f1', s.macro_f1), ('test_weighted_f1', s.weighted_f1), ('test_macro_auc', s.macro_auc)
  ) AS v(metric, value)
  WHERE v.value IS NOT NULL
  GROUP BY l.project, l.experiment, l.variant, l.settings_hash, l.dataset_digest, v.metric
)
SELECT project, experiment, variant, settings_hash, dataset_digest, metric, mean, sd, n,
  mean - t_quantile_975(n - 1) * sd / sqrt(n) AS low95,
  mean + t_quantile_975(n - 1) * sd / sqrt(n) AS high95,
  min, max, seeds, ended_at
FROM spread;
