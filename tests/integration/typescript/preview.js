// Previews a compiled program with the real engine by Pulumi's own runtime for Node.js, its Automation API: that needs
// no language host. The argument is the program's module.
const { LocalWorkspace } = require("@pulumi/pulumi/automation");

async function main() {
    const program = async () => require(process.argv[2]);
    const stack = await LocalWorkspace.createOrSelectStack(
        { projectName: "shops", stackName: "only", program },
        { workDir: process.cwd() },
    );
    await stack.preview({ diff: true, color: "never", onOutput: (text) => process.stdout.write(text) });
}

main().catch((error) => {
    console.error(error.message);
    process.exit(1);
});
