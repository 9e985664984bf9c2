import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { ecrHostName, stsHostName } from "../../support/cloud/aws.ts";
import { app, asked, awsScene, passwordOf } from "./support.ts";

/** What the SDK would listen to: each leads it elsewhere, or makes it fail. */
const trap: Readonly<Record<string, string>> = {
  AWS_ENDPOINT_URL: "https://evil.example",
  AWS_ENDPOINT_URL_STS: "https://evil.example",
  AWS_ENDPOINT_URL_ECR: "https://evil.example",
  AWS_ENDPOINT_URL_ECR_PUBLIC: "https://evil.example",
  AWS_PROFILE: "evil",
  AWS_DEFAULT_PROFILE: "evil",
  AWS_REGION: "ap-south-1",
  AWS_DEFAULT_REGION: "ap-south-1",
  AWS_ACCESS_KEY_ID: "AKIAEVIL",
  AWS_SECRET_ACCESS_KEY: "evil",
  AWS_SESSION_TOKEN: "evil",
  AWS_ROLE_ARN: "arn:aws:iam::666666666666:role/evil",
  AWS_ROLE_SESSION_NAME: "evil",
  AWS_WEB_IDENTITY_TOKEN_FILE: "/evil",
  AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://evil.example/",
  AWS_USE_FIPS_ENDPOINT: "true",
  AWS_USE_DUALSTACK_ENDPOINT: "true",
  AWS_STS_REGIONAL_ENDPOINTS: "legacy",
  AWS_DEFAULTS_MODE: "auto",
  AWS_MAX_ATTEMPTS: "7",
  AWS_RETRY_MODE: "adaptive",
  AWS_AUTH_SCHEME_PREFERENCE: "noAuth",
  AWS_SDK_UA_APP_ID: "evil-app",
  AWS_EXECUTION_ENV: "evil-environment",
  AWS_LAMBDA_FUNCTION_NAME: "evil-function",
  _X_AMZN_TRACE_ID: "Root=1-evil",
  AWS_CA_BUNDLE: "/evil.pem",
  AWS_EC2_METADATA_SERVICE_ENDPOINT: "http://evil.example/",
  HTTPS_PROXY: "http://evil.example:3128",
  HTTP_PROXY: "http://evil.example:3128",
};
const evilConfig =
  "[default]\nendpoint_url = https://evil.example\nregion = ap-south-1\nuse_fips_endpoint = true\nmax_attempts = 7\nsdk_ua_app_id = evil-app\n";

describe("the SDK of AWS", () => {
  let home = "";
  const old = { ...process.env };
  before(() => {
    home = mkdtempSync(join(tmpdir(), "countersign-aws-"));
    mkdirSync(join(home, ".aws"));
  });
  after(() => rmSync(home, { recursive: true, force: true }));
  afterEach(() => {
    for (const name of Object.keys(process.env)) if (!Object.hasOwn(old, name)) delete process.env[name];
    Object.assign(process.env, old);
  });

  /** What a mint of both kinds of registry puts on the wire. */
  async function minted(): Promise<readonly string[]> {
    await using scene = await awsScene();
    await passwordOf(scene.provider, app);
    await passwordOf(scene.provider, "public.ecr.aws/acme/app");
    const text = JSON.stringify(scene.internet.requests);
    assert.doesNotMatch(text, /evil|AKIA|ap-south-1|max=[^1]/);
    assert.deepEqual(
      scene.internet.lookedUp.filter((name) => /evil|169/.test(name)),
      [],
    );
    return asked(scene);
  }
  const expected = [`POST ${stsHostName}/`, `POST ${ecrHostName}/`, "POST api.ecr-public.us-east-1.amazonaws.com/"];

  it("is led nowhere by the environment, and tells nothing of it", async () => {
    Object.assign(process.env, trap);
    assert.deepEqual(await minted(), expected);
  });

  it("is led nowhere by the files of the home directory", async () => {
    for (const name of ["config", "credentials"]) writeFileSync(join(home, ".aws", name), evilConfig);
    Object.assign(process.env, { HOME: home });
    assert.deepEqual(await minted(), expected);
  });

  // Who opens a named pipe that nobody writes waits for ever.
  it("does not so much as open them", { timeout: 20_000 }, async () => {
    for (const name of ["config-pipe", "credentials-pipe"]) execFileSync("mkfifo", [join(home, name)]);
    Object.assign(process.env, {
      AWS_CONFIG_FILE: join(home, "config-pipe"),
      AWS_SHARED_CREDENTIALS_FILE: join(home, "credentials-pipe"),
    });
    assert.deepEqual(await minted(), expected);
  });
});
