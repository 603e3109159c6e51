CREATE TABLE "experiments" (
	"project" text NOT NULL,
	"experiment" text NOT NULL,
	"question" text,
	"file" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "experiments_project_experiment_pk" PRIMARY KEY("project","experiment")
);
--> statement-breakpoint
CREATE TABLE "projects" (
	"project" text PRIMARY KEY NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "datasets" (
	"dataset_digest" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"source" jsonb,
	"classes" text[] NOT NULL,
	"samples" integer NOT NULL,
	"simulated" boolean NOT NULL,
	"skipped" jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "samples" (
	"dataset_digest" text NOT NULL,
	"sample_id" text NOT NULL,
	"position" integer NOT NULL,
	"sha256" text NOT NULL,
	"label" integer NOT NULL,
	"group_id" text,
	"width_px" integer NOT NULL,
	"height_px" integer NOT NULL,
	"official_part" text,
	CONSTRAINT "samples_dataset_digest_sample_id_pk" PRIMARY KEY("dataset_digest","sample_id")
);
--> statement-breakpoint
CREATE TABLE "split_members" (
	"split_digest" text NOT NULL,
	"sample_id" text NOT NULL,
	"part" text NOT NULL,
	CONSTRAINT "split_members_split_digest_sample_id_pk" PRIMARY KEY("split_digest","sample_id")
);
--> statement-breakpoint
CREATE TABLE "splits" (
	"split_digest" text PRIMARY KEY NOT NULL,
	"dataset_digest" text NOT NULL,
	"settings" jsonb,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "runs" (
	"run_id" uuid PRIMARY KEY NOT NULL,
	"project" text NOT NULL,
	"experiment" text NOT NULL,
	"variant" text NOT NULL,
	"seed" integer NOT NULL,
	"fold" integer,
	"kind" text DEFAULT 'lockstep' NOT NULL,
	"settings_hash" text NOT NULL,
	"dataset_digest" text,
	"split_digest" text,
	"classes" text[],
	"positive_class" text,
	"simulated" boolean DEFAULT false NOT NULL,
	"smoke" boolean DEFAULT false NOT NULL,
	"init" text,
	"parent_run_id" uuid,
	"status" text DEFAULT 'running' NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"started_at" timestamp with time zone,
	"ended_at" timestamp with time zone,
	"heartbeat_at" timestamp with time zone,
	"owner" text,
	"stop_requested_at" timestamp with time zone,
	"status_seq" bigint DEFAULT 0 NOT NULL,
	"best_seq" bigint DEFAULT 0 NOT NULL,
	"error_code" text,
	"error_message" text,
	"tags" text[] DEFAULT '{}'::text[] NOT NULL,
	"note" text,
	"archived_at" timestamp with time zone,
	"deleted_at" timestamp with time zone,
	"engine" text,
	"engine_version" text,
	"device" text,
	"kernels" text,
	"threads" integer,
	"config" jsonb,
	"size" text,
	"layout" text,
	"width_mult" double precision,
	"image_size_px" integer,
	"batch_size" integer,
	"epochs" integer,
	"optimizer" text,
	"lr" double precision,
	"freeze" text,
	"parameters_total" bigint,
	"parameters_trainable" bigint,
	"train_samples" integer,
	"val_samples" integer,
	"test_samples" integer,
	"digest" text,
	"best_epoch" integer,
	"val_loss" double precision,
	"test_loss" double precision,
	"test_accuracy" double precision,
	"test_precision" double precision,
	"test_recall" double precision,
	"test_f1" double precision,
	"test_auc" double precision,
	"code_digest" text,
	"git_commit" text,
	"git_branch" text,
	"git_diff" text,
	"lockfile_digest" text,
	"node_version" text,
	"package_version" text,
	"os" text,
	"cpu" text,
	"host" text,
	"command_line" text,
	"experiment_text" text,
	"provenance" jsonb,
	CONSTRAINT "runs_kind" CHECK ("runs"."kind" in ('lockstep', 'tracked', 'imported')),
	CONSTRAINT "runs_status" CHECK ("runs"."status" in ('queued', 'running', 'done', 'failed', 'interrupted', 'lost'))
);
--> statement-breakpoint
CREATE TABLE "batches" (
	"run_id" uuid NOT NULL,
	"phase" text NOT NULL,
	"epoch" integer NOT NULL,
	"batch" integer NOT NULL,
	"loss" double precision NOT NULL,
	"correct" integer NOT NULL,
	"n" integer NOT NULL,
	"lr" double precision,
	"duration_ms" double precision NOT NULL,
	"tp" integer,
	"fp" integer,
	"fn" integer,
	"tn" integer,
	"chain" "bytea" NOT NULL,
	CONSTRAINT "batches_run_id_phase_epoch_batch_pk" PRIMARY KEY("run_id","phase","epoch","batch")
);
--> statement-breakpoint
CREATE TABLE "epochs" (
	"run_id" uuid NOT NULL,
	"phase" text NOT NULL,
	"epoch" integer NOT NULL,
	"loss" double precision NOT NULL,
	"accuracy" double precision NOT NULL,
	"precision" double precision,
	"recall" double precision,
	"f1" double precision,
	"auc" double precision,
	"lr" double precision,
	"duration_ms" double precision NOT NULL,
	"images_per_second" double precision NOT NULL,
	"state_digest" text,
	CONSTRAINT "epochs_run_id_phase_epoch_pk" PRIMARY KEY("run_id","phase","epoch")
);
--> statement-breakpoint
CREATE TABLE "metric_values" (
	"run_id" uuid NOT NULL,
	"name" text NOT NULL,
	"step" bigint NOT NULL,
	"epoch" integer,
	"value" double precision NOT NULL,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "metric_values_run_id_name_step_pk" PRIMARY KEY("run_id","name","step")
);
--> statement-breakpoint
CREATE TABLE "confusion_cells" (
	"run_id" uuid NOT NULL,
	"phase" text NOT NULL,
	"epoch" integer NOT NULL,
	"true_class" integer NOT NULL,
	"predicted_class" integer NOT NULL,
	"n" integer NOT NULL,
	CONSTRAINT "confusion_cells_run_id_phase_epoch_true_class_predicted_class_pk" PRIMARY KEY("run_id","phase","epoch","true_class","predicted_class")
);
--> statement-breakpoint
CREATE TABLE "predictions" (
	"run_id" uuid NOT NULL,
	"phase" text NOT NULL,
	"epoch" integer NOT NULL,
	"sample_id" text NOT NULL,
	"position" integer NOT NULL,
	"label" integer NOT NULL,
	"predicted" integer NOT NULL,
	"logits" real[] NOT NULL,
	"probabilities" double precision[] NOT NULL,
	CONSTRAINT "predictions_run_id_phase_epoch_sample_id_pk" PRIMARY KEY("run_id","phase","epoch","sample_id")
);
--> statement-breakpoint
CREATE TABLE "artifacts" (
	"artifact_id" text PRIMARY KEY NOT NULL,
	"run_id" uuid,
	"dataset_digest" text,
	"sample_id" text,
	"kind" text NOT NULL,
	"name" text NOT NULL,
	"media_type" text NOT NULL,
	"path" text NOT NULL,
	"sha256" text NOT NULL,
	"bytes" bigint NOT NULL,
	"epoch" integer,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "run_events" (
	"run_id" uuid NOT NULL,
	"seq" bigint NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"level" text NOT NULL,
	"text" text NOT NULL,
	CONSTRAINT "run_events_run_id_seq_pk" PRIMARY KEY("run_id","seq")
);
--> statement-breakpoint
CREATE TABLE "verdicts" (
	"run_id" uuid NOT NULL,
	"seq" bigint NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	"kind" text NOT NULL,
	"verdict" text NOT NULL,
	"details" jsonb,
	CONSTRAINT "verdicts_run_id_seq_pk" PRIMARY KEY("run_id","seq")
);
--> statement-breakpoint
ALTER TABLE "experiments" ADD CONSTRAINT "experiments_project_projects_project_fk" FOREIGN KEY ("project") REFERENCES "public"."projects"("project") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "samples" ADD CONSTRAINT "samples_dataset_digest_datasets_dataset_digest_fk" FOREIGN KEY ("dataset_digest") REFERENCES "public"."datasets"("dataset_digest") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "split_members" ADD CONSTRAINT "split_members_split_digest_splits_split_digest_fk" FOREIGN KEY ("split_digest") REFERENCES "public"."splits"("split_digest") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "splits" ADD CONSTRAINT "splits_dataset_digest_datasets_dataset_digest_fk" FOREIGN KEY ("dataset_digest") REFERENCES "public"."datasets"("dataset_digest") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "runs" ADD CONSTRAINT "runs_project_experiment_experiments_project_experiment_fk" FOREIGN KEY ("project","experiment") REFERENCES "public"."experiments"("project","experiment") ON DELETE no action ON UPDATE cascade;--> statement-breakpoint
ALTER TABLE "runs" ADD CONSTRAINT "runs_dataset_digest_datasets_dataset_digest_fk" FOREIGN KEY ("dataset_digest") REFERENCES "public"."datasets"("dataset_digest") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "runs" ADD CONSTRAINT "runs_split_digest_splits_split_digest_fk" FOREIGN KEY ("split_digest") REFERENCES "public"."splits"("split_digest") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "runs" ADD CONSTRAINT "runs_parent_run_id_runs_run_id_fk" FOREIGN KEY ("parent_run_id") REFERENCES "public"."runs"("run_id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "batches" ADD CONSTRAINT "batches_run_id_runs_run_id_fk" FOREIGN KEY ("run_id") REFERENCES "public"."runs"("run_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "epochs" ADD CONSTRAINT "epochs_run_id_runs_run_id_fk" FOREIGN KEY ("run_id") REFERENCES "public"."runs"("run_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "metric_values" ADD CONSTRAINT "metric_values_run_id_runs_run_id_fk" FOREIGN KEY ("run_id") REFERENCES "public"."runs"("run_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "confusion_cells" ADD CONSTRAINT "confusion_cells_run_id_runs_run_id_fk" FOREIGN KEY ("run_id") REFERENCES "public"."runs"("run_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "predictions" ADD CONSTRAINT "predictions_run_id_runs_run_id_fk" FOREIGN KEY ("run_id") REFERENCES "public"."runs"("run_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "artifacts" ADD CONSTRAINT "artifacts_run_id_runs_run_id_fk" FOREIGN KEY ("run_id") REFERENCES "public"."runs"("run_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "artifacts" ADD CONSTRAINT "artifacts_dataset_digest_datasets_dataset_digest_fk" FOREIGN KEY ("dataset_digest") REFERENCES "public"."datasets"("dataset_digest") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "run_events" ADD CONSTRAINT "run_events_run_id_runs_run_id_fk" FOREIGN KEY ("run_id") REFERENCES "public"."runs"("run_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "verdicts" ADD CONSTRAINT "verdicts_run_id_runs_run_id_fk" FOREIGN KEY ("run_id") REFERENCES "public"."runs"("run_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "samples_sha256" ON "samples" USING btree ("sha256");--> statement-breakpoint
CREATE INDEX "runs_experiment" ON "runs" USING btree ("experiment","variant","seed","created_at");--> statement-breakpoint
CREATE INDEX "runs_created_at" ON "runs" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "runs_status_index" ON "runs" USING btree ("status");--> statement-breakpoint
CREATE INDEX "artifacts_run" ON "artifacts" USING btree ("run_id","kind");--> statement-breakpoint
CREATE INDEX "artifacts_sample" ON "artifacts" USING btree ("dataset_digest","sample_id");