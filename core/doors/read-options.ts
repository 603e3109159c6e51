// What every reader of another tool's files is told.

export interface ReadOptions {
  readonly project: string;
  /** Null: as the files name it. */
  readonly experiment: string | null;
  /** Lines for people: what could not be read. */
  readonly notice: (text: string) => void;
}
