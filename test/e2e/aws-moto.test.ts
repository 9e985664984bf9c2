import assert from "node:assert/strict";
import { createConnection } from "node:net";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import { awsEcrAuth } from "../../src/auth/aws/aws-ecr.ts";
import { passwordOf, refusalOf } from "../auth/aws/support.ts";
import { awsConfig, awsRole, ecrHostName, ecrRegistryHost, stsHostName } from "../support/cloud/aws.ts";
import { cloudScene } from "../support/cloud/deps.ts";
import { forwardTo, type Internet, startInternet } from "../support/cloud/internet.ts";
import { ManualClock } from "../support/clock.ts";
import { createScratch, freePort, Part, removeScratch } from "../support/real/part.ts";
import { findMoto } from "../tools/moto.ts";

const moto = await findMoto();
const options = { skip: moto === undefined && "MOTO IS MISSING: node test/tools/moto.ts", timeout: 120_000 };
/** moto's tokens end on the first day of 2015, whatever day it is. */
const end = Date.UTC(2015, 0, 1);

describe("AWS as moto understands it, behind its real names", options, () => {
  let part: Part;
  let scratch = "";
  let internet: Internet;
  before(async () => {
    if (moto === undefined) return;
    scratch = createScratch("moto");
    const port = await freePort();
    const isReady = async (): Promise<boolean> => {
      const socket = createConnection({ host: "127.0.0.1", port });
      await once(socket, "connect");
      socket.destroy();
      return true;
    };
    part = new Part({ name: "moto", command: moto.command, scratch, env: moto.env, isReady });
    await part.start([...moto.args, "-H", "127.0.0.1", "-p", String(port)]);
    const site = forwardTo(`http://127.0.0.1:${port}`);
    internet = await startInternet({ [stsHostName]: site, [ecrHostName]: site });
  });
  after(async () => {
    await internet?.[Symbol.asyncDispose]();
    await part?.stop("SIGKILL");
    if (scratch !== "") removeScratch(scratch);
  });

  it("gives a session for the ServiceAccount's token, and a token for the registry", async () => {
    const clock = new ManualClock(end - 12 * 3_600_000);
    await using scene = cloudScene(internet, { registries: [ecrRegistryHost], clock });
    const provider = awsEcrAuth(awsConfig(), scene.deps);
    assert.equal(await passwordOf(provider), "AWS 123456789012-auth-token");
    const state = provider.state();
    assert.deepEqual([state.reason, state.identity, state.expiresAt], ["Resolved", awsRole, end]);
    assert.deepEqual(
      internet.requests.map(({ site, status }) => `${site} ${status}`),
      [`${stsHostName} 200`, `${ecrHostName} 200`],
    );
  });

  it("gives tokens that have ended by any clock of today, and they are not used", async () => {
    await using scene = cloudScene(internet, { registries: [ecrRegistryHost] });
    const refusal = await refusalOf(awsEcrAuth(awsConfig(), scene.deps));
    assert.deepEqual(
      [refusal.reason, refusal.message],
      ["CredentialExpired", "What was fetched has expired already; compare the clocks of both sides"],
    );
  });
});
