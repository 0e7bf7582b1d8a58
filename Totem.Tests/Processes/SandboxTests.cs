using System.Globalization;
using Totem.Cli.Workers;
using Totem.Tests.Cpg;
using Totem.Tests.Requirements;
using Totem.Tests.Sheepdog.ZooKeeper;
using Totem.Tests.Tidy;
using Totem.Tests.Transport;

namespace Totem.Tests.Processes;

/// <summary>Everything starts under the restrictions of a service manager, or says in one line why
/// it cannot, with a documented exit code.</summary>
[Collection(RealProcesses.Name)]
public sealed class SandboxTests : IDisposable
{
    private const int Works = 0;
    private const int Refuses = 3;

    private static readonly Lazy<string> Sandbox = new(Compile);

    private readonly TemporaryDirectory _state = new();

    public void Dispose() => _state.Dispose();

    /// <summary>A ring on the loopback with its state in <c>/run/totem</c>, and one of a unicast
    /// configuration in the temporary directory.</summary>
    [SandboxTheory]
    [InlineData("no-netlink", Works, Works)]
    [InlineData("no-unix", Works, Works)]
    [InlineData("no-inet6", Works, Works)]
    [InlineData("no-netlink no-unix no-inet6", Works, Works)]
    [InlineData("no-inet", Refuses, Refuses)]
    [InlineData("no-priority", Works, Works)]
    [InlineData("no-memfd", Works, Works)]
    [InlineData("no-capabilities", Works, Works)]
    [InlineData("private-tmp", Works, Works)]
    [InlineData("read-only", Refuses, Refuses)]
    [InlineData("read-only private-tmp", Refuses, Works)]
    [InlineData("read-only private-tmp no-netlink no-unix no-capabilities no-priority", Refuses, Works)]
    public void Nodes_and_groups(string restrictions, int loopback, int unicast)
    {
        using var ports = PortBlock.Take();
        Check(restrictions, $"node --port {ports.BasePort}", loopback);
        Check(restrictions, $"group g --port {ports.BasePort}", loopback);
        var addresses = string.Create(
            CultureInfo.InvariantCulture, $"--id 1 --bind 127.0.0.1:{ports.BasePort} --peer "
                + $"2=127.0.0.1:{ports.BasePort + 1}");
        Check(restrictions, $"node {addresses} --state {_state.Path}", unicast);
        Check(restrictions, $"group g {addresses} --state {_state.Path}", unicast);
    }

    [SandboxTheory]
    [InlineData("no-netlink", Works, Works)]
    [InlineData("no-netlink no-unix no-inet6", Works, Works)]
    [InlineData("no-capabilities", Works, Works)]
    [InlineData("read-only", Refuses, Refuses)]
    [InlineData("read-only private-tmp no-netlink no-unix no-capabilities", Works, Works)]
    public void Sheep_with_the_drivers_totem_and_local(string restrictions, int totem, int local)
    {
        using var ports = PortBlock.Take();
        Check(restrictions, $"sheep -c totem:port={ports.BasePort},state={_state.Path}", totem);
        Check(restrictions, $"sheep -c local:{_state.Path}/local", local);
    }

    [ZooKeeperSandboxTheory]
    [InlineData("no-netlink")]
    [InlineData("read-only private-tmp no-netlink no-unix no-capabilities")]
    public void Sheep_with_the_driver_zookeeper(string restrictions)
    {
        using var server = new ZooKeeperServer(1, Ports.TakeBase(), []);
        server.WaitUntilServing();
        Check(restrictions, $"sheep -c zookeeper:127.0.0.1:{server.Port}/sandbox", Works);
    }

    [SandboxTheory]
    [InlineData("no-netlink", Works, "")]
    [InlineData("no-inet", Refuses, "no socket for 127.")]
    [InlineData("no-unix", Refuses, "expected AF_UNIX")]
    [InlineData("no-priority", Works, "")]
    [InlineData("no-memfd", Works, "")]
    [InlineData("no-proc", Works, "")]
    [InlineData("no-capabilities", Works, "")]
    [InlineData("read-only", Refuses, "Read-only file system")]
    [InlineData("read-only private-tmp no-netlink no-inet6 no-capabilities no-priority", Works, "")]
    public void A_program_on_libcpg(string restrictions, int expected, string reason)
    {
        var environment = NativeBuild.OursAlone(_state.Path);
        var settings = string.Join(' ', environment.Select(x => $"{x.Key}={x.Value}"));
        var (exitCode, said) = SystemCommand.TryRun(
            $"env {settings} {Sandbox.Value} {restrictions} -- {NativeBuild.Program("cpg_member")} sandbox </dev/null");
        // The program ends with 1 when it gets LIBRARY, which is 2.
        Assert.True(exitCode == (expected == Works ? 0 : 1), $"{exitCode}: {said}");
        Assert.Contains(
            expected == Works ? " started 1 node 1 " : " started 2 node 0 ", said, StringComparison.Ordinal);
        Assert.Contains(reason, said, StringComparison.Ordinal);
    }

    /// <summary>Which interface has the address is known without netlink too. Where there is no
    /// IPv6 the reason is another.</summary>
    [SandboxTheory]
    [InlineData("no-unix")]
    [InlineData("no-netlink")]
    public void A_multicast_ring_over_IPv6(string restrictions)
    {
        using var ports = PortBlock.Take();
        var (exitCode, said) = TotemProgram.Run(
            $"node --id 1 --bind [::1]:{ports.BasePort} --group [ff15::1]:{ports.BasePort + 2} --state {_state.Path}",
            $"{Sandbox.Value} {restrictions} --");
        Assert.True(exitCode == Works || said.Contains("cannot bind to [::1]", StringComparison.Ordinal),
            $"{exitCode}: {said}");
    }

    private static void Check(string restrictions, string arguments, int expected)
    {
        var (exitCode, said) = TotemProgram.Run(arguments, $"{Sandbox.Value} {restrictions} --");
        Assert.True(exitCode == expected, $"totem {arguments}, {restrictions}: {exitCode}: {said}");
        if (expected == Refuses)
            Assert.Matches(@"\Atotem: [^\n]+\z", said);
    }

    private static string Compile()
    {
        // Where the sandboxed programs find it whatever their temporary directory is.
        var program = Repository.FullPath("out/tests/sandbox");
        Directory.CreateDirectory(Path.GetDirectoryName(program)!);
        NativeBuild.Run(
            ["gcc", "-D_GNU_SOURCE", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O1",
                Repository.FullPath("Totem.Tests/Native/sandbox.c"), "-o", program],
            NativeBuild.BuildLimit);
        return program;
    }

    /// <summary>Root may set every restriction.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    private sealed class SandboxTheoryAttribute : TheoryAttribute
    {
        public SandboxTheoryAttribute() =>
            Skip = Requirement.SkipUnless(NativeTheoryAttribute.Missing(), Requirement.Root());
    }

    [AttributeUsage(AttributeTargets.Method)]
    private sealed class ZooKeeperSandboxTheoryAttribute : TheoryAttribute
    {
        public ZooKeeperSandboxTheoryAttribute() => Skip = ZooKeeperTheoryAttribute.Missing()
            ?? Requirement.SkipUnless(NativeTheoryAttribute.Missing(), Requirement.Root());
    }
}
