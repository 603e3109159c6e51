/** @jsxImportSource hono/jsx */
// What successive halving decided of the run after each rung, and by which numbers.
import type { HalvingDecision } from "../../../core/store/halving.ts";
import { metric } from "../../format.ts";
import { Card, Scroll } from "../parts.tsx";

export function HalvingCard({ decisions }: { decisions: readonly HalvingDecision[] }) {
  if (decisions.length === 0) return null;
  return (
    <Card title="Successive halving">
      <Scroll label="Decisions of successive halving">
        <table>
          <thead>
            <tr>
              <th scope="col" class="num">
                after epoch
              </th>
              <th scope="col" class="num">
                best val {decisions[0]?.metric}
              </th>
              <th scope="col" class="num">
                mean of the variant's runs
              </th>
              <th scope="col" class="num">
                rank
              </th>
              <th scope="col">decision</th>
            </tr>
          </thead>
          <tbody>
            {decisions.map(({ epoch, value, score, rank, variants, kept }) => (
              <tr>
                <td class="num">{epoch}</td>
                <td class="num">{metric(value)}</td>
                <td class="num">{metric(score)}</td>
                <td class="num">
                  {rank} of {variants}
                </td>
                <td>{kept ? "goes on" : "left out"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Card>
  );
}
