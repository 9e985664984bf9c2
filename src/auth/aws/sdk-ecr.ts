// As sdk-sts.ts; a file for each, so that nobody loads what is not needed.
export { ECRClient, GetAuthorizationTokenCommand } from "@aws-sdk/client-ecr";
