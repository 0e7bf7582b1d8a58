using System.Globalization;
using Totem.Tests.Processes;
using Totem.Tests.Requirements;
using Totem.Tests.Transport;

namespace Totem.Tests.Cpg;

/// <summary>Programs of another user than root, as Pacemaker's daemons are, with a <c>corosync.conf</c>.</summary>
[Collection(RealProcesses.Name)]
public sealed class OtherUserTests : IDisposable
{
    private const string Group = "nogroup";

    private readonly TemporaryDirectory _folder = new();
    private readonly string _state;
    private readonly string _configuration;

    public OtherUserTests()
    {
        SystemCommand.Run($"chmod 755 {_folder.Path}");
        _state = Path.Combine(_folder.Path, "state");
        _configuration = Path.Combine(_folder.Path, "corosync.conf");
    }

    public void Dispose() => _folder.Dispose();

    [OtherUserFact]
    public void Root_shares_its_directory_with_the_group_of_uidgid()
    {
        Configure($"uidgid {{\n gid: {Group}\n}}\n");
        Assert.Contains("result 1\npeer itself user 0", Run(""), StringComparison.Ordinal);
        Assert.Equal("2770 root nogroup", Stat(_state));

        // With root's file of the same slot, which then root reads again.
        for (var i = 0; i < 2; i++)
        {
            Assert.Contains("result 1\npeer itself user 65534 group 65534", Run(TotemProgram.AsNobody),
                StringComparison.Ordinal);
            Assert.Equal("660 nobody nogroup", Stat(Path.Combine(_state, "ringid_1")));
            Assert.Contains("result 1\n", Run(""), StringComparison.Ordinal);
            Assert.Equal("660 root nogroup", Stat(Path.Combine(_state, "ringid_1")));
        }
    }

    [OtherUserFact]
    public void A_directory_of_root_s_is_shared_too_and_the_group_may_stand_in_a_file_beside()
    {
        Configure("");
        Run("");
        Assert.Equal("700 root root", Stat(_state));
        Directory.CreateDirectory(Path.Combine(_folder.Path, "uidgid.d"));
        File.WriteAllText(
            Path.Combine(_folder.Path, "uidgid.d", "pacemaker"), $"uidgid {{\n uid: nobody\n gid: {Group}\n}}\n");
        var (exitCode, said) = TotemProgram.Run($"node --config {_configuration} --id 1 --state {_state}");
        Assert.True(exitCode == 0, said);
        Assert.DoesNotContain("warning", said, StringComparison.Ordinal);
        Assert.Contains("result 1\n", Run(TotemProgram.AsNobody), StringComparison.Ordinal);
    }

    [OtherUserFact]
    public void Without_a_directory_the_error_says_what_to_do()
    {
        Configure("");
        Run("");
        foreach (var state in new[] { _state, Path.Combine(_folder.Path, "missing") })
        {
            var said = Run(TotemProgram.AsNobody, state);
            Assert.Contains("result 2", said, StringComparison.Ordinal);
            Assert.Contains($"install -d -o root -g GROUP -m 2770 {state}", said, StringComparison.Ordinal);
            Assert.Contains("TOTEM_STATE", said, StringComparison.Ordinal);
            Assert.Contains("the user 65534", said, StringComparison.Ordinal);
        }
    }

    [OtherUserFact]
    public void A_directory_of_its_own_will_do()
    {
        Configure("");
        SystemCommand.Run($"install -d -o nobody -m 700 {_state}");
        Assert.Contains("result 1\npeer itself user 65534 group 65534", Run(TotemProgram.AsNobody),
            StringComparison.Ordinal);
    }

    [OtherUserFact]
    public void A_uidgid_without_a_meaning_here_is_a_warning()
    {
        Configure("uidgid {\n uid: nobody\n}\nuidgid {\n gid: 65534\n}\nuidgid {\n gid: daemon\n}\n");
        var (exitCode, said) = TotemProgram.Run($"node --config {_configuration} --id 1 --state {_state}");
        Assert.True(exitCode == 0, said);
        Assert.Contains("uidgid without gid has no effect here", said, StringComparison.Ordinal);
        Assert.Contains("'daemon' is a second group", said, StringComparison.Ordinal);
        Assert.Equal("2770 root nogroup", Stat(_state));

        // A daemon does not start with one either.
        Configure("uidgid {\n gid: there-is-no-such-group\n}\n");
        (exitCode, said) = TotemProgram.Run($"node --config {_configuration} --id 1 --state {_state}");
        Assert.Equal(2, exitCode);
        Assert.Contains("uidgid.gid is 'there-is-no-such-group', expected a group of this host", said,
            StringComparison.Ordinal);
    }

    /// <summary>The environment of a set-user-ID program is its caller's, who could have it read
    /// any file and write into any directory.</summary>
    [OtherUserFact]
    public void A_program_with_more_rights_than_its_caller_reads_no_variable()
    {
        var program = Path.Combine(_folder.Path, "program");
        var cache = Path.Combine(_folder.Path, "cache");
        SystemCommand.Run($"install -o nobody -m 755 {NativeBuild.Program("cpg_credentials")} {program}");
        // Such a program takes its libraries from the system's places alone, so ours become one of
        // them, in this mount namespace.
        var run = $"env TOTEM_CONFIG=/missing TOTEM_LOG=stderr unshare -m sh -c 'ldconfig -C {cache} "
            + $"{NativeBuild.Libraries} && "
            + $"mount --bind {cache} /etc/ld.so.cache && exec {program}'";
        Assert.Contains("/missing", SystemCommand.TryRun(run).Said, StringComparison.Ordinal);
        SystemCommand.Run($"chmod 4755 {program}");
        var said = SystemCommand.TryRun(run).Said;
        Assert.Contains("result ", said, StringComparison.Ordinal);
        Assert.DoesNotContain("totem-cpg", said, StringComparison.Ordinal);
        Assert.DoesNotContain("/missing", said, StringComparison.Ordinal);
    }

    private static string Stat(string path) => SystemCommand.Run($"stat -c '%a %U %G' {path}");

    private string Run(string wrapper, string? state = null) => SystemCommand.TryRun(
        $"env LD_LIBRARY_PATH={NativeBuild.Libraries} TOTEM_CONFIG={_configuration} TOTEM_NODE=1 "
        + $"TOTEM_STATE={state ?? _state} TOTEM_LOG=stderr "
        + $"{wrapper} {NativeBuild.Program("cpg_credentials")}").Said;

    private void Configure(string more) => File.WriteAllText(
        _configuration,
        string.Create(
            CultureInfo.InvariantCulture,
            $$"""
            totem {
              version: 2
              cluster_name: users
              transport: udpu
              interface {
                linknumber: 0
                mcastport: {{Ports.TakeBase()}}
              }
            }
            nodelist {
              node {
                ring0_addr: 127.0.0.1
                nodeid: 1
              }
            }
            {{more}}
            """));

    [AttributeUsage(AttributeTargets.Method)]
    private sealed class OtherUserFactAttribute : FactAttribute
    {
        public OtherUserFactAttribute() =>
            Skip = Requirement.SkipUnless(NativeTheoryAttribute.Missing(), Requirement.Root());
    }
}
