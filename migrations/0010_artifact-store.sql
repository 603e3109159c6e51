CREATE TABLE "artifact_spaces" (
	"one" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"id" uuid NOT NULL
);
--> statement-breakpoint
CREATE TABLE "resume_points" (
	"run_id" uuid PRIMARY KEY NOT NULL,
	"step" integer NOT NULL,
	"name" text NOT NULL,
	"sha256" text NOT NULL,
	"bytes" bigint NOT NULL,
	"best_name" text,
	"best_sha256" text,
	"best_bytes" bigint,
	"stored_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "resume_points" ADD CONSTRAINT "resume_points_run_id_runs_run_id_fk" FOREIGN KEY ("run_id") REFERENCES "public"."runs"("run_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "resume_points_sha256" ON "resume_points" USING btree ("sha256");--> statement-breakpoint
CREATE INDEX "resume_points_best" ON "resume_points" USING btree ("best_sha256");--> statement-breakpoint
CREATE INDEX "artifacts_sha256" ON "artifacts" USING btree ("sha256");