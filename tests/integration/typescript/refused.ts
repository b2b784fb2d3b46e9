// What the compiler says of arguments: it fails where one of the lines marked as errors is none, or another is one.
import * as pulumi from "@pulumi/pulumi";
import { AwsSecretAccess, SecretWorkload, WorkloadKind } from "@OWNER/secret-access";

const needed = { namespace: "shop", sidecarImage: "sidecar:1", region: "us-east-1" };
const shop = new AwsSecretAccess("shop", { ...needed, port: pulumi.output(8200), sidecarUser: "platform" });
const access = shop.workloadAccess;

new SecretWorkload("autoscaled", { access, replicas: "autoscaled" });
new SecretWorkload("counted", { access, replicas: pulumi.output(3) });
// @ts-expect-error: neither a number nor a word
new SecretWorkload("neither", { access, replicas: true });
// @ts-expect-error: an Output where the schema says plain
new SecretWorkload("plain", { access, kind: pulumi.output(WorkloadKind.Job) });
// @ts-expect-error: a required argument is missing
new AwsSecretAccess("missing", { namespace: "shop", region: "us-east-1" });
// @ts-expect-error: no argument has this name
new AwsSecretAccess("misspelled", { ...needed, servceAccountName: "reader" });
// @ts-expect-error: no output has this name
export const identity: pulumi.Output<string> = shop.identiti;
