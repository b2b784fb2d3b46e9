// A shop on EKS and another team's nightly report on GKE, whose namespaces exist: the program of README.md in TypeScript.
// `pulumi package add https://github.com/OWNER/secret-access/infra/plugin/all@0.1.0` makes the SDK, and names it after
// the repository's owner, in lower case.
import * as aws from "@pulumi/aws";
import * as gcp from "@pulumi/gcp";
import * as kubernetes from "@pulumi/kubernetes";
import { AwsSecretAccess, GcpSecretAccess, SecretWorkload, WorkloadKind } from "@OWNER/secret-access";

const account = new aws.Provider("account", { region: "us-east-1", allowedAccountIds: ["111122223333"] });
const project = new gcp.Provider("project", { project: "my-project" });
const eks = new kubernetes.Provider("eks", { context: "eks" });
const gke = new kubernetes.Provider("gke", { context: "gke" });
const sidecarImage = "REGISTRY/secret-sidecar:0.1.0";

const shop = new AwsSecretAccess("shop", {
    namespace: "shop",
    sidecarImage,
    region: "us-east-1",
    oidcProviderArn: "arn:aws:iam::111122223333:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539",
}, { providers: [account, eks] });
const report = new GcpSecretAccess("report", {
    namespace: "report",
    sidecarImage,
    project: "my-project",
    projectNumber: "123456789012",
    workloadIdentityProvider:
        "//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/blue/providers/cluster",
    secrets: ["orders"],
}, { providers: [project, gke] });

new SecretWorkload("web", {
    access: shop.workloadAccess,
    image: "REGISTRY/shop:1.4.2",
    replicas: 3,
    ports: [3000],
    pod: { spec: { containers: [{ name: "app", readinessProbe: { httpGet: { path: "/healthz", port: 3000 } } }] } },
}, { providers: [eks] });
new SecretWorkload("queue", {
    access: shop.workloadAccess,
    image: "REGISTRY/queue:2.0.1",
    kind: WorkloadKind.STATEFUL_SET,
    pod: { spec: { nodeSelector: { disk: "fast" } } },
}, { providers: [eks] });
new SecretWorkload("nightly", {
    access: report.workloadAccess,
    image: "REGISTRY/report:0.9.0",
    kind: WorkloadKind.CRON_JOB,
    spec: { schedule: "0 3 * * *" },
}, { providers: [gke] });

export const identities = { shop: shop.identity, report: report.identity };
