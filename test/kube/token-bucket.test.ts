import assert from "node:assert/strict";
import { test } from "node:test";
import { TokenBucket } from "../../src/kube/token-bucket.ts";
import { ManualClock } from "../support/clock.ts";

test("TokenBucket gives a burst, then one at a time, and never more than a burst however long it rests", async () => {
  const clock = new ManualClock();
  const bucket = new TokenBucket(clock, { perSecond: 0.5, burst: 2 });
  const taken = (): readonly boolean[] => [bucket.take(), bucket.take(), bucket.take()];
  assert.deepEqual(taken(), [true, true, false]);
  assert.equal(bucket.waitMs(), 2000);
  await clock.advance(1000);
  assert.deepEqual([bucket.take(), bucket.waitMs()], [false, 1000]);
  await clock.advance(1000);
  assert.deepEqual([bucket.waitMs(), bucket.take(), bucket.take()], [0, true, false]);
  await clock.advance(3_600_000);
  assert.deepEqual(taken(), [true, true, false]);
});
