// The metrics that pages let people choose, by their column in v_runs.

export interface MetricChoice {
  /** Column of v_runs. */
  readonly key: string;
  readonly title: string;
  readonly lowerIsBetter: boolean;
}

export const METRIC_CHOICES: readonly MetricChoice[] = [
  { key: "test_accuracy", title: "test accuracy", lowerIsBetter: false },
  { key: "test_recall", title: "test recall", lowerIsBetter: false },
  { key: "test_precision", title: "test precision", lowerIsBetter: false },
  { key: "test_f1", title: "test F1", lowerIsBetter: false },
  { key: "test_auc", title: "test AUC", lowerIsBetter: false },
  { key: "test_loss", title: "test loss", lowerIsBetter: true },
  { key: "val_loss", title: "best val loss", lowerIsBetter: true },
];

/** The choice with this key, or test accuracy. */
export function metricChoice(key: string | undefined): MetricChoice {
  return METRIC_CHOICES.find((choice) => choice.key === key) ?? (METRIC_CHOICES[0] as MetricChoice);
}
