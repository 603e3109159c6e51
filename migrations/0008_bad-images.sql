-- What a run's data held that is wrong: images left out, and images in doubt.
ALTER TABLE "runs" ADD COLUMN "bad_images" jsonb DEFAULT '[]'::jsonb NOT NULL;
--> statement-breakpoint
CREATE VIEW v_bad_images AS
SELECT r.experiment, r.variant, r.seed, r.run_id, b.id AS sample_id, b.reason, b.used
FROM runs r CROSS JOIN LATERAL jsonb_to_recordset(r.bad_images) AS b(id text, reason text, used boolean)
WHERE r.deleted_at IS NULL;
