// Thousands of runs, made inside Postgres: what the dashboard's speed is measured on.
import type { Sql } from "postgres";

export interface ManyRows {
  readonly runs: number;
  readonly epochs: number;
  /** Train batches an epoch. */
  readonly batches: number;
  /** Test samples, with a prediction of each run. */
  readonly testSamples: number;
}

const DATASET = "d".repeat(64);
const SPLIT = "e".repeat(64);

/** Fills an empty database; ten variants an experiment, five seeds a variant. */
export async function insertManyRows(sql: Sql, { runs, epochs, batches, testSamples }: ManyRows): Promise<void> {
  await sql`insert into projects (project) values ('default')`;
  await sql`insert into experiments (project, experiment) select 'default', 'many-' || e from generate_series(0, ${Math.ceil(runs / 50) - 1}::int) e`;
  await sql`insert into datasets (dataset_digest, name, classes, samples, simulated, skipped)
    values (${DATASET}, 'many', '{benign,malignant}', ${testSamples}, true, '[]')`;
  await sql`insert into splits (split_digest, dataset_digest) values (${SPLIT}, ${DATASET})`;
  await sql`
    insert into runs (run_id, project, experiment, variant, seed, settings_hash, dataset_digest, split_digest, classes, positive_class,
      simulated, status, created_at, started_at, ended_at, engine, config, lr, batch_size, epochs, train_samples, val_samples,
      test_samples, digest, best_epoch, val_loss, test_loss, test_accuracy, test_precision, test_recall, test_f1, test_auc)
    select gen_random_uuid(), 'default', 'many-' || i / 50, 'lr=' || i / 5 % 10, i % 5, md5((i / 5)::text) || md5((i / 5)::text),
      ${DATASET}, ${SPLIT}, '{benign,malignant}', 'malignant', true, 'done', now() - i * interval '1 minute', now(), now(), 'portable',
      jsonb_build_object('lr', i / 5 % 10 * 0.001, 'batchSize', 32, 'dropout', 0.2, 'optimizer', jsonb_build_object('kind', 'adam')),
      i / 5 % 10 * 0.001, 32, ${epochs}, ${batches * 32}, ${testSamples}, ${testSamples}, md5(i::text) || md5(i::text), ${epochs}, random(), random(), random(), random(),
      random(), random(), random()
    from generate_series(0, ${runs - 1}::int) i`;
  await sql`
    insert into batches (run_id, phase, epoch, batch, loss, correct, n, lr, duration_ms, chain)
    select run_id, 'train', e, b, 1 / (e + b::float8 / ${batches}) + random() * 0.1, 20, 32, 0.001, 170, decode(md5(b::text), 'hex')
    from runs, generate_series(1, ${epochs}::int) e, generate_series(1, ${batches}::int) b`;
  await sql`
    insert into epochs (run_id, phase, epoch, loss, accuracy, recall, duration_ms, images_per_second)
    select run_id, p, e, 1.0 / e + random() * 0.1, 0.5 + e * 0.02, 0.5, 17000, 180
    from runs, unnest(array['train', 'val']) p, generate_series(1, ${epochs}::int) e`;
  await sql`
    insert into confusion_cells (run_id, phase, epoch, true_class, predicted_class, n)
    select run_id, p, e, t, q, 10 + (random() * 20)::int
    from runs, (select 'val' as p, e from generate_series(1, ${epochs}::int) e union all select 'test', 1) phases, generate_series(0, 1) t,
      generate_series(0, 1) q`;
  await sql`
    insert into predictions (run_id, phase, epoch, sample_id, position, label, predicted, logits, probabilities)
    select run_id, 'test', 1, 'sample-' || s, s, s % 2, case when random() < 0.8 then s % 2 else 1 - s % 2 end, array[0.1, -0.1],
      array[1 - p, p] from (select run_id, s, random() as p from runs, generate_series(1, ${testSamples}::int) s) drawn`;
  await sql`analyze`;
}
