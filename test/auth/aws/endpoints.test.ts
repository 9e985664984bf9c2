import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ECRClient, GetAuthorizationTokenCommand } from "@aws-sdk/client-ecr";
import { fromWebToken } from "@aws-sdk/credential-providers";
import { hermetic } from "../../../src/auth/aws/ask.ts";
import { ecrTarget, stsHost } from "../../../src/auth/aws/ecr-host.ts";

/** The host that the SDK's own rules come to. */
async function hostOf(send: (requestHandler: object) => Promise<unknown>): Promise<string> {
  let host = "";
  const requestHandler = {
    handle: (request: { readonly hostname: string }): Promise<never> => {
      host = request.hostname;
      return Promise.reject(new Error("far enough"));
    },
  };
  await send(requestHandler).catch(() => {});
  return host;
}

const ecr = (region: string, options: { readonly isFips: boolean; readonly isDualStack: boolean }): Promise<string> =>
  hostOf((requestHandler) =>
    new ECRClient({
      ...hermetic,
      region,
      requestHandler: { ...requestHandler },
      credentials: { accessKeyId: "a", secretAccessKey: "b" },
      useFipsEndpoint: options.isFips,
      useDualstackEndpoint: options.isDualStack,
    }).send(new GetAuthorizationTokenCommand({})),
  );
const sts = (region: string, isFips: boolean): Promise<string> =>
  hostOf((requestHandler) =>
    fromWebToken({
      roleArn: "arn:aws:iam::123456789012:role/a",
      roleSessionName: "a",
      webIdentityToken: "token",
      clientConfig: { ...hermetic, region, useFipsEndpoint: isFips, requestHandler },
    })(),
  );

/** A region of each partition, with the ends of its registries' hosts. */
const regions: readonly (readonly [region: string, suffix: string, dualStack: string | undefined])[] = [
  ["eu-west-1", "amazonaws.com", "on.aws"],
  ["us-east-1", "amazonaws.com", "on.aws"],
  ["us-gov-west-1", "amazonaws.com", "on.aws"],
  ["cn-north-1", "amazonaws.com.cn", "on.amazonwebservices.com.cn"],
  ["eusc-de-east-1", "amazonaws.eu", "on.amazonwebservices.eu"],
  ["us-iso-east-1", "c2s.ic.gov", undefined],
  ["us-isob-east-1", "sc2s.sgov.gov", undefined],
  ["eu-isoe-west-1", "cloud.adc-e.uk", undefined],
  ["us-isof-south-1", "csp.hci.ic.gov", undefined],
];

describe("the hosts that are asked", () => {
  for (const [region, suffix, dualStack] of regions) {
    for (const isFips of [false, true]) {
      it(`are those of the SDK's rules in ${region}${isFips ? " with FIPS" : ""}`, async () => {
        const fips = isFips ? "-fips" : "";
        const one = ecrTarget({ host: `123456789012.dkr.ecr${fips}.${region}.${suffix}`, port: undefined });
        assert.equal(one?.apiHost, await ecr(region, { isFips, isDualStack: false }));
        if (dualStack !== undefined) {
          const both = ecrTarget({ host: `123456789012.dkr-ecr${fips}.${region}.${dualStack}`, port: undefined });
          assert.equal(both?.apiHost, await ecr(region, { isFips, isDualStack: true }));
        }
        assert.equal(stsHost(region, isFips), await sts(region, isFips));
      });
    }
  }
});
