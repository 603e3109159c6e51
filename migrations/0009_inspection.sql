-- What `exp data inspect` tells, for the data page.
ALTER TABLE "datasets" ADD COLUMN "inspection" jsonb;