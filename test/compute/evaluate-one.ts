/** For test/image.test.ts, which bundles it: prints the value of the expression that is its argument. */
import { ExpressionPool } from "../../src/compute/pool.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { input, unaborted } from "./fixture.ts";

await using pool = new ExpressionPool({ clock: systemClock, deadlineMs: 30_000, startMs: 30_000 });
console.log(await pool.evaluate(process.argv[2] ?? "", input(), unaborted));
