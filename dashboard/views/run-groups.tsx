/** @jsxImportSource hono/jsx */
// The runs table in groups: one row a value, with the mean of each metric and its interval over the group's finished runs.
import { nameInFilter } from "../filter/tokens.ts";
import type { Column } from "../queries/columns.ts";
import type { RunGroup } from "../queries/groups.ts";
import { runsHref, type RunsState } from "../view-state.ts";
import { IntervalText } from "./interval.tsx";
import { Card, Scroll } from "./parts.tsx";

interface Props {
  readonly state: RunsState;
  readonly metrics: readonly Column[];
  readonly groups: readonly RunGroup[];
}

export function RunGroups({ state, metrics, groups }: Props) {
  const group = state.group;
  if (group === null) return null;
  const qOf = (value: string) =>
    `${state.q === "" ? "" : `(${state.q}) and `}${nameInFilter(group.key)} = ${JSON.stringify(value)}`;
  return (
    <Card title={`By ${group.title}`}>
      <Scroll label="Groups">
        <table id="groups">
          <thead>
            <tr>
              <th scope="col">{group.title}</th>
              <th scope="col" class="num">
                runs
              </th>
              <th scope="col" class="num">
                done
              </th>
              {metrics.map(({ title }) => (
                <th scope="col">{title}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {groups.map(({ value, runs, done, intervals }) => (
              <tr>
                <th scope="row">
                  {value === null ? (
                    <span class="muted">none</span>
                  ) : (
                    <a href={runsHref(state, { q: qOf(value), group: null, page: 1 })}>{value}</a>
                  )}
                </th>
                <td class="num">{runs}</td>
                <td class="num">{done}</td>
                {metrics.map(({ key }) => (
                  <td>
                    <IntervalText interval={intervals[key] ?? null} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <p class="muted small">
        Runs of a group may differ in more than this; the interval is over all its finished runs.
      </p>
    </Card>
  );
}
