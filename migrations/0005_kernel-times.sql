-- Where a run's time went, by kind of kernel (exp run --profile).
CREATE TABLE "kernel_times" (
	"run_id" uuid NOT NULL,
	"work" text NOT NULL,
	"kernel" text NOT NULL,
	"batches" integer NOT NULL,
	"ms" double precision NOT NULL,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "kernel_times_run_id_work_kernel_pk" PRIMARY KEY("run_id","work","kernel")
);
--> statement-breakpoint
ALTER TABLE "kernel_times" ADD CONSTRAINT "kernel_times_run_id_runs_run_id_fk" FOREIGN KEY ("run_id") REFERENCES "public"."runs"("run_id") ON DELETE cascade ON UPDATE no action;
--> statement-breakpoint
CREATE VIEW v_kernel_times AS
SELECT r.experiment, r.variant, r.seed, k.run_id, k.work, k.kernel, k.batches, k.ms, k.ms / nullif(k.batches, 0) AS ms_per_batch,
  k.ms / nullif(sum(k.ms) OVER (PARTITION BY k.run_id, k.work), 0) AS share
FROM kernel_times k JOIN runs r USING (run_id)
WHERE r.deleted_at IS NULL;
