-- The views that people query; docs/sql.md explains every column. A later migration may add columns at their end, never take one away.
-- Runs that were deleted (deleted_at is set) are in none of them.

-- 0.975 quantile of Student's t with df degrees of freedom: scipy's values to 100, then the expansion of
-- Abramowitz and Stegun 26.7.5 (error below 1e-10). Null for df < 1.
CREATE FUNCTION t_quantile_975(df bigint) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN df < 1 THEN NULL WHEN df <= 100 THEN (ARRAY[
    12.7062047361747, 4.30265272974946, 3.18244630528371, 2.77644510519779, 2.57058183563631, 2.44691185114498, 2.36462425159278, 2.30600413520417,
    2.2621571627982, 2.22813885198627, 2.20098516009164, 2.17881282966723, 2.16036865646279, 2.1447866879178, 2.13144954555978, 2.11990529922125,
    2.10981557783332, 2.10092204024104, 2.09302405440831, 2.08596344726586, 2.07961384472768, 2.07387306790403, 2.06865761041905, 2.06389856162802,
    2.0595385527533, 2.05552943864287, 2.05183051648028, 2.04840714179525, 2.0452296421327, 2.04227245630124, 2.03951344639641, 2.0369333434601,
    2.03451529744934, 2.03224450931772, 2.03010792825034, 2.02809400098045, 2.02619246302911, 2.02439416391197, 2.02269092003676, 2.02107539030627,
    2.01954097044138, 2.01808170281844, 2.01669219922782, 2.01536757444376, 2.01410338888085, 2.01289559891943, 2.01174051372977, 2.01063475762423,
    2.00957523712924, 2.00855911210076, 2.00758377031584, 2.00664680506169, 2.00574599531787, 2.00487928818806, 2.00404478328915, 2.00324071884787,
    2.00246545929101, 2.00171748414524, 2.00099537808827, 2.00029782201426, 1.99962358499494, 1.99897151703338, 1.99834054252074, 1.99772965431769,
    1.997137908392, 1.99656441895231, 1.9960083540253, 1.99546893142984, 1.99494541510724, 1.99443711177119, 1.99394336784563, 1.99346356666187,
    1.99299712588985, 1.99254349518093, 1.99210215400224, 1.99167260964466, 1.99125439538838, 1.99084706881169, 1.99045021023013, 1.99006342125445,
    1.9896863234569, 1.98931855713657, 1.98895978017516, 1.98860966697571, 1.98826790747722, 1.98793420623902, 1.98760828158907, 1.98728986483117,
    1.98697869950628, 1.98667454070377, 1.98637715441862, 1.98608631695113, 1.98580181434582, 1.9855234418666, 1.9852510035055, 1.98498431152246,
    1.98472318601398, 1.98446745450848, 1.98421695158642, 1.98397151852355
  ]::double precision[])[df]
  ELSE 1.959963984540054 + 2.372271230298562 / df + 2.8224986157396112 / df ^ 2
       + 2.555849679507722 / df ^ 3 + 1.5895340533938225 / df ^ 4 END
$$;
--> statement-breakpoint
CREATE VIEW v_runs AS
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
  r.package_version, r.os, r.cpu, r.host, r.command_line
FROM runs r LEFT JOIN datasets d USING (dataset_digest)
WHERE r.deleted_at IS NULL;
--> statement-breakpoint
CREATE VIEW v_epochs AS
SELECT r.experiment, r.variant, r.seed, e.run_id, e.phase, e.epoch, e.loss, e.accuracy, e.precision, e.recall, e.f1, e.auc,
  e.lr, e.duration_ms, e.images_per_second, e.state_digest, e.phase = 'val' AND e.epoch = r.best_epoch AS best
FROM epochs e JOIN runs r USING (run_id)
WHERE r.deleted_at IS NULL;
--> statement-breakpoint
CREATE VIEW v_batches AS
SELECT r.experiment, r.variant, r.seed, b.run_id, b.phase, b.epoch, b.batch,
  CASE WHEN b.phase = 'train' THEN (b.epoch - 1) * ceil(r.train_samples::numeric / r.batch_size)::bigint + b.batch END AS step,
  b.loss, b.correct, b.n, b.correct::double precision / b.n AS accuracy, b.lr, b.duration_ms,
  CASE WHEN b.duration_ms > 0 THEN 1000 * b.n / b.duration_ms END AS images_per_second,
  b.tp, b.fp, b.fn, b.tn, encode(b.chain, 'hex') AS chain
FROM batches b JOIN runs r USING (run_id)
WHERE r.deleted_at IS NULL;
--> statement-breakpoint
CREATE VIEW v_confusion AS
SELECT r.experiment, r.variant, r.seed, c.run_id, c.phase, c.epoch, c.true_class, c.predicted_class, c.n,
  r.classes[c.true_class + 1] AS true_name, r.classes[c.predicted_class + 1] AS predicted_name
FROM confusion_cells c JOIN runs r USING (run_id)
WHERE r.deleted_at IS NULL;
--> statement-breakpoint
CREATE VIEW v_class_metrics AS
SELECT r.experiment, r.variant, r.seed, k.run_id, k.phase, k.epoch, k.class, r.classes[k.class + 1] AS class_name,
  k.tp, k.predicted - k.tp AS fp, k.support - k.tp AS fn, k.total - k.predicted - k.support + k.tp AS tn, k.support,
  k.tp::double precision / nullif(k.predicted, 0) AS precision,
  k.tp::double precision / nullif(k.support, 0) AS recall,
  2 * k.tp::double precision / nullif(k.predicted + k.support, 0) AS f1
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
WHERE r.deleted_at IS NULL;
--> statement-breakpoint
CREATE VIEW v_predictions AS
SELECT r.experiment, r.variant, r.seed, p.run_id, p.phase, p.epoch, p.sample_id, p.label, p.predicted,
  p.label = p.predicted AS correct,
  r.classes[p.label + 1] AS label_name, r.classes[p.predicted + 1] AS predicted_name,
  p.probabilities, p.logits,
  p.probabilities[p.label + 1] AS probability_label,
  p.probabilities[p.predicted + 1] AS probability_predicted,
  p.probabilities[array_position(r.classes, r.positive_class)] AS probability_positive,
  CASE WHEN p.probabilities[p.label + 1] > 0 THEN -ln(p.probabilities[p.label + 1]) ELSE 'Infinity' END AS loss,
  p.position, r.dataset_digest
FROM predictions p JOIN runs r USING (run_id)
WHERE r.deleted_at IS NULL;
--> statement-breakpoint
CREATE VIEW v_metrics AS
SELECT r.experiment, r.variant, r.seed, m.run_id, m.name, m.step, m.epoch, m.value, m.at
FROM metric_values m JOIN runs r USING (run_id)
WHERE r.deleted_at IS NULL;
--> statement-breakpoint
-- One row per variant (with one settings hash, on one data set) and metric, over its seeds: of each seed and fold the latest run that is done.
CREATE VIEW v_variants AS
WITH latest AS (
  SELECT DISTINCT ON (project, experiment, variant, settings_hash, dataset_digest, seed, fold) *
  FROM runs
  WHERE status = 'done' AND deleted_at IS NULL AND archived_at IS NULL
  ORDER BY project, experiment, variant, settings_hash, dataset_digest, seed, fold, ended_at DESC NULLS LAST, run_id
), spread AS (
  SELECT l.project, l.experiment, l.variant, l.settings_hash, l.dataset_digest, v.metric,
    avg(v.value) AS mean, stddev_samp(v.value) AS sd, count(v.value) AS n,
    min(v.value) AS min, max(v.value) AS max, array_agg(l.seed ORDER BY l.seed) AS seeds, max(l.ended_at) AS ended_at
  FROM latest l CROSS JOIN LATERAL (VALUES
    ('test_accuracy', l.test_accuracy), ('test_precision', l.test_precision), ('test_recall', l.test_recall),
    ('test_f1', l.test_f1), ('test_auc', l.test_auc), ('test_loss', l.test_loss), ('val_loss', l.val_loss)
  ) AS v(metric, value)
  WHERE v.value IS NOT NULL
  GROUP BY l.project, l.experiment, l.variant, l.settings_hash, l.dataset_digest, v.metric
)
SELECT project, experiment, variant, settings_hash, dataset_digest, metric, mean, sd, n,
  mean - t_quantile_975(n - 1) * sd / sqrt(n) AS low95,
  mean + t_quantile_975(n - 1) * sd / sqrt(n) AS high95,
  min, max, seeds, ended_at
FROM spread;
