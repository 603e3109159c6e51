-- Successive halving: runs that pause at a rung, runs that it leaves out, and why.
CREATE TABLE "halving_decisions" (
	"run_id" uuid NOT NULL,
	"epoch" integer NOT NULL,
	"metric" text NOT NULL,
	"value" double precision,
	"score" double precision,
	"rank" integer NOT NULL,
	"variants" integer NOT NULL,
	"kept" boolean NOT NULL,
	"decided_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "halving_decisions_run_id_epoch_pk" PRIMARY KEY("run_id","epoch")
);
--> statement-breakpoint
ALTER TABLE "runs" DROP CONSTRAINT "runs_status";--> statement-breakpoint
ALTER TABLE "halving_decisions" ADD CONSTRAINT "halving_decisions_run_id_runs_run_id_fk" FOREIGN KEY ("run_id") REFERENCES "public"."runs"("run_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "runs" ADD CONSTRAINT "runs_status" CHECK ("runs"."status" in ('queued', 'running', 'done', 'failed', 'interrupted', 'paused', 'pruned', 'lost'));
--> statement-breakpoint
CREATE VIEW v_halving AS
SELECT r.experiment, r.variant, r.seed, r.fold, h.run_id, h.epoch, h.metric, h.value, h.score, h.rank, h.variants, h.kept, h.decided_at
FROM halving_decisions h JOIN runs r USING (run_id)
WHERE r.deleted_at IS NULL;
