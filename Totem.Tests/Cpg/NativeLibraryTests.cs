using System.Text.RegularExpressions;
using Totem.Tests.Processes;
using Totem.Tests.Transport;

namespace Totem.Tests.Cpg;

/// <summary>The shared libraries as a program finds them: names, versions, and the behaviour of the
/// originals (CPG §1 and §4).</summary>
[Collection(RealProcesses.Name)]
public sealed partial class NativeLibraryTests
{
    private static readonly string[] CpgFunctions =
    [
        "cpg_context_get", "cpg_context_set", "cpg_dispatch", "cpg_fd_get", "cpg_finalize",
        "cpg_flow_control_state_get", "cpg_initialize",
        "cpg_iteration_finalize", "cpg_iteration_initialize", "cpg_iteration_next", "cpg_join", "cpg_leave",
        "cpg_local_get",
        "cpg_max_atomic_msgsize_get", "cpg_mcast_joined", "cpg_membership_get", "cpg_model_initialize", "cpg_zcb_alloc",
        "cpg_zcb_free",
        "cpg_zcb_mcast_joined",
    ];

    private static readonly string[] CfgFunctions =
    [
        "corosync_cfg_dispatch", "corosync_cfg_fd_get", "corosync_cfg_finalize", "corosync_cfg_get_node_addrs",
        "corosync_cfg_initialize",
        "corosync_cfg_kill_node", "corosync_cfg_local_get", "corosync_cfg_node_status_get",
        "corosync_cfg_reload_config",
        "corosync_cfg_reopen_log_files", "corosync_cfg_replyto_shutdown", "corosync_cfg_ring_status_get",
        "corosync_cfg_trackstart",
        "corosync_cfg_trackstop", "corosync_cfg_try_shutdown",
    ];

    [NativeFact]
    public void Every_function_of_libcpg_is_under_its_version()
        => Assert.Equal(
            CpgFunctions.Select(x => $"{x}@@COROSYNC_CPG_1.0"), Defined("libcpg.so.4", "cpg_"), StringComparer.Ordinal);

    [NativeFact]
    public void Every_function_of_libcfg_is_under_its_version()
        => Assert.Equal(CfgFunctions.Select(x => $"{x}@@COROSYNC_CFG_0.82"), Defined("libcfg.so.7", "corosync_cfg_"),
            StringComparer.Ordinal);

    [NativeFact]
    public void The_libraries_have_the_names_of_the_originals_and_nothing_unknown_to_need()
    {
        Assert.Contains("soname: [libcpg.so.4]", Dynamic("libcpg.so.4"), StringComparison.Ordinal);
        Assert.Contains("soname: [libcfg.so.7]", Dynamic("libcfg.so.7"), StringComparison.Ordinal);
        string[] known =
            ["libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1", "libcpg.so.4", "libgcc_s.so.1"];
        foreach (var library in (string[])["libcpg.so.4", "libcfg.so.7", "libtotem_cpg.so.0"])
            Assert.Empty(NeededLibrary().Matches(Dynamic(library)).Select(x => x.Groups["name"].Value)
                .Except(known, StringComparer.Ordinal));
    }

    [NativeFact]
    public void Links_for_compiling_stand_beside_them()
    {
        foreach (var (link, target) in (ReadOnlySpan<(string, string)>)[("libcpg.so", "libcpg.so.4"),
            ("libcfg.so", "libcfg.so.7")])
            Assert.Equal(target, new FileInfo(Path.Combine(NativeBuild.Libraries, link)).LinkTarget);
    }

    /// <summary>Facts first: the programs' expectations are what the originals do.</summary>
    [RealDaemonTheory]
    [InlineData("cpg_semantics")]
    [InlineData("cfg_semantics")]
    [InlineData("process_semantics")]
    [InlineData("end_semantics")]
    [InlineData("dispatch_semantics")]
    [InlineData("host_semantics")]
    public void The_programs_hold_with_the_real_library_and_daemon(string program)
        => AssertAllOk(NativeBuild.Run(
            ["unshare", "--net", "--mount", Repository("Totem.Tests/Native/with-corosync.sh"),
                NativeBuild.Program(program)]));

    [NativeTheory]
    [InlineData("cpg_semantics")]
    [InlineData("cfg_semantics")]
    [InlineData("process_semantics")]
    [InlineData("end_semantics")]
    [InlineData("dispatch_semantics")]
    [InlineData("host_semantics")]
    public void The_programs_hold_with_ours(string program)
    {
        using var state = new TemporaryDirectory();
        AssertAllOk(NativeBuild.Run([NativeBuild.Program(program), "ours"], NativeBuild.OursAlone(state.Path)));
    }

    [NativeTheory]
    [InlineData("99999")]
    [InlineData("-3")]
    [InlineData("port")]
    public void A_port_that_is_none_is_told_and_not_replaced(string port)
    {
        using var state = new TemporaryDirectory();
        var environment = NativeBuild.OursAlone(state.Path);
        environment["TOTEM_PORT"] = port;
        var failure = Assert.Throws<InvalidOperationException>(
            () => NativeBuild.Run([NativeBuild.Program("limit_semantics"), "member"], environment));
        Assert.Contains($"totem-cpg: cannot start: TOTEM_PORT is '{port}', expected a number from 1 to 65522",
            failure.Message, StringComparison.Ordinal);
    }

    [NativeNetworkFact]
    public void No_limit_of_the_process_ends_the_program()
    {
        using var state = new TemporaryDirectory();
        var said = NativeBuild.Run([NativeBuild.Program("limit_semantics")], NativeBuild.OursAlone(state.Path));
        var lines = said.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.DoesNotContain(lines, x => x.StartsWith("not ok", StringComparison.Ordinal));
        Assert.Contains("done", lines, StringComparer.Ordinal);
        Assert.Contains(lines, x =>
            x.StartsWith("totem-cpg: cannot start: the address space is limited to 150 MiB", StringComparison.Ordinal));
    }

    [RealDaemonTheory]
    [InlineData("corosync-cpgtool")]
    [InlineData("corosync-cpgtool", "-e")]
    [InlineData("corosync-cpgtool", "-n")]
    public void The_distributions_own_tools_run_with_ours(params string[] command)
    {
        using var state = new TemporaryDirectory();
        NativeBuild.Run(command, NativeBuild.OursAlone(state.Path));
    }

    [NativeFact]
    public void Installing_honours_the_destination_and_the_prefix()
    {
        using var root = new TemporaryDirectory();
        _ = NativeBuild.Libraries;
        NativeBuild.Run(["make", "-C", Repository("Totem.Cpg"), "install", $"DESTDIR={root.Path}", "PREFIX=/opt/x"]);
        var folder = Path.Combine(root.Path, "opt/x/lib/totem-cpg");
        Assert.Equal(
            ["libcfg.so", "libcfg.so.7", "libcpg.so", "libcpg.so.4", "libtotem_cpg.so.0"],
            Directory.EnumerateFiles(folder).Select(x => Path.GetFileName(x)).Order(StringComparer.Ordinal),
            StringComparer.Ordinal);
    }

    [NativeNetworkFact]
    public void The_package_can_be_installed_beside_the_distributions()
    {
        _ = NativeBuild.Libraries;
        NativeBuild.Run(["make", "-C", Repository("Totem.Cpg"), "deb"]);
        var package = Directory.EnumerateFiles(Repository("out"), "totem-cpg_*.deb")
            .OrderByDescending(File.GetLastWriteTimeUtc).First();
        // Says what would be wrong, conflicts and dependencies, and changes nothing.
        NativeBuild.Run(["dpkg", "--dry-run", "--install", package]);
        var files = NativeBuild.Run(["dpkg-deb", "--contents", package]);
        Assert.Contains("./usr/lib/totem-cpg/libcpg.so.4", files, StringComparison.Ordinal);
        Assert.DoesNotContain("x86_64-linux-gnu", files, StringComparison.Ordinal);
    }

    private static void AssertAllOk(string output)
    {
        // The original library prints that itself when the daemon is slow to take a large message.
        // Ours warns, on a busy host, of its own pauses.
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(x => !x.StartsWith("sleep. counter=", StringComparison.Ordinal)
                && !x.StartsWith("totem-cpg: warning: ", StringComparison.Ordinal)).ToArray();
        Assert.DoesNotContain(lines, x => !x.StartsWith("ok ", StringComparison.Ordinal) && x != "done");
        Assert.Equal("done", lines[^1]);
        Assert.True(lines.Length > 20, output);
    }

    private static string[] Defined(string library, string prefix)
        => [.. NativeBuild.Run(
            ["nm", "-D", "--defined-only", "--with-symbol-versions", Path.Combine(NativeBuild.Libraries, library)])
            .Split('\n').Select(x => x.Split(' ')[^1]).Where(x => x.StartsWith(prefix, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)];

    private static string Dynamic(string library) =>
        NativeBuild.Run(["readelf", "-dW", Path.Combine(NativeBuild.Libraries, library)]);

    private static string Repository(string path) => Tidy.Repository.FullPath(path);

    [GeneratedRegex(@"\(NEEDED\)[^\[\n]*\[(?<name>[^\]\n]*)\]", RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex NeededLibrary();
}
