import { leftOfSuffix } from "../../keychain/cloud-host.ts";
import type { MintTarget } from "../../keychain/minted-provider.ts";
import type { Repository } from "../../oci/repository.ts";

/** Which of AWS's services gives a token for a registry. One token opens every registry of a region that the role may read, of whatever account. */
export interface EcrTarget extends MintTarget {
  readonly kind: "private" | "public";
  readonly partition: string;
  readonly region: string;
  readonly isFips: boolean;
  readonly isDualStack: boolean;
  /** The one host that is asked: whatever else an endpoint rule gives is refused. */
  readonly apiHost: string;
}

interface Partition {
  readonly name: string;
  /** Beginning of its regions' names; of `aws`: all others. */
  readonly regions: string;
  /** End of its hosts, those of the registries as well. */
  readonly suffix: string;
  /** The same where IPv6 is spoken too: of registries, and of services. Absent: the SDK knows none. */
  readonly dualStack?: { readonly registry: string; readonly service: string };
}

const commercial: Partition = {
  name: "aws",
  regions: "",
  suffix: ".amazonaws.com",
  dualStack: { registry: ".on.aws", service: ".api.aws" },
};

/** As the SDK's table of partitions; test/auth/aws/endpoints.test.ts holds them together. */
export const partitions: readonly Partition[] = [
  { name: "aws-us-gov", regions: "us-gov-", suffix: ".amazonaws.com", dualStack: { registry: ".on.aws", service: ".api.aws" } },
  {
    name: "aws-cn",
    regions: "cn-",
    suffix: ".amazonaws.com.cn",
    dualStack: { registry: ".on.amazonwebservices.com.cn", service: ".api.amazonwebservices.com.cn" },
  },
  {
    name: "aws-eusc",
    regions: "eusc-",
    suffix: ".amazonaws.eu",
    dualStack: { registry: ".on.amazonwebservices.eu", service: ".api.amazonwebservices.eu" },
  },
  { name: "aws-iso", regions: "us-iso-", suffix: ".c2s.ic.gov" },
  { name: "aws-iso-b", regions: "us-isob-", suffix: ".sc2s.sgov.gov" },
  { name: "aws-iso-e", regions: "eu-isoe-", suffix: ".cloud.adc-e.uk" },
  { name: "aws-iso-f", regions: "us-isof-", suffix: ".csp.hci.ic.gov" },
  commercial,
];

/** An account, the service, and a region, in whole labels (cloud-provider-aws and amazon-ecr-credential-helper anchor likewise). */
const forms = [
  { shape: /^[0-9]{12}[.]dkr[.]ecr(?<fips>-fips)?[.](?<region>[a-z]{2,5}(?:-[a-z]{1,12}){1,3}-[0-9]{1,2})$/, isDualStack: false },
  { shape: /^[0-9]{12}[.]dkr-ecr(?<fips>-fips)?[.](?<region>[a-z]{2,5}(?:-[a-z]{1,12}){1,3}-[0-9]{1,2})$/, isDualStack: true },
] as const;
const ownSuffixes = [
  ...new Set(partitions.flatMap(({ suffix, dualStack }) => [suffix, ...(dualStack === undefined ? [] : [dualStack.registry])])),
];

/** Both serve the one public gallery; its tokens come from one region. */
const publicHosts: ReadonlySet<string> = new Set(["public.ecr.aws", "ecr-public.aws.com"]);
const publicRegion = "us-east-1";

/** Where a registry's token comes from, or undefined: it is no registry of Amazon ECR. Pure. */
export function ecrTarget(repository: Pick<Repository, "host" | "port">, trustedSuffixes: readonly string[] = []): EcrTarget | undefined {
  if (repository.port === undefined && publicHosts.has(repository.host)) return publicTarget;
  for (const suffix of [...ownSuffixes, ...trustedSuffixes]) {
    const left = leftOfSuffix(repository, [suffix]) ?? "";
    for (const { shape, isDualStack } of forms) {
      const found = shape.exec(left)?.groups;
      const region = found?.["region"] ?? "";
      const partition = partitionOf(region);
      if (found === undefined || partition === undefined) continue;
      // A region belongs to one partition, and has the end of its hosts: nothing that is called cn-north-1 is below amazonaws.com.
      const own = isDualStack ? partition.dualStack?.registry : partition.suffix;
      if (own !== suffix && !trustedSuffixes.includes(suffix)) continue;
      return privateTarget(partition, { region, isFips: found["fips"] !== undefined, isDualStack });
    }
  }
  return undefined;
}

/** Undefined of an empty region. */
export function partitionOf(region: string): Partition | undefined {
  return region === "" ? undefined : partitions.find(({ regions }) => region.startsWith(regions));
}

/** The one host of STS that is asked in a region; undefined where there is no such region. */
export function stsHost(region: string, isFips: boolean): string | undefined {
  const partition = partitionOf(region);
  if (partition === undefined) return undefined;
  // In the partition of the government every STS keeps to FIPS.
  return `sts${isFips && partition.name !== "aws-us-gov" ? "-fips" : ""}.${region}${partition.suffix}`;
}

const publicTarget: EcrTarget = {
  key: "Amazon ECR Public",
  kind: "public",
  partition: commercial.name,
  region: publicRegion,
  isFips: false,
  isDualStack: false,
  apiHost: `api.ecr-public.${publicRegion}${commercial.suffix}`,
};

function privateTarget(
  partition: Partition,
  { region, isFips, isDualStack }: Pick<EcrTarget, "region" | "isFips" | "isDualStack">,
): EcrTarget | undefined {
  const { suffix, dualStack } = partition;
  const service = `ecr${isFips ? "-fips" : ""}.${region}`;
  if (isDualStack && dualStack === undefined) return undefined;
  return {
    key: `Amazon ECR of ${region}${isFips ? ", FIPS" : ""}${isDualStack ? ", dual stack" : ""}`,
    kind: "private",
    partition: partition.name,
    region,
    isFips,
    isDualStack,
    apiHost: isDualStack ? `${service}${dualStack?.service ?? ""}` : `api.${service}${suffix}`,
  };
}
