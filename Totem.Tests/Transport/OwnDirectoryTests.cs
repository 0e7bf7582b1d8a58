using System.Runtime.Versioning;
using Totem.Cli.Workers;
using Totem.Platform.Files;
using Totem.Tests.Processes;
using Totem.Tests.Requirements;
using Totem.Transport.Udp.Storage;
using Xunit;

namespace Totem.Tests.Transport;

/// <summary>Root's files: what another user has put in their place is refused, and what it leads to
/// stays as it is.</summary>
[SupportedOSPlatform("linux")]
public sealed class OwnDirectoryTests : IDisposable
{
    private const string Secret = "nobody else's\n";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly TemporaryDirectory _directory = new();

    /// <summary>As /tmp: everybody may make names in it.</summary>
    private readonly string _open;

    private readonly string _victim;

    public OwnDirectoryTests()
    {
        File.SetUnixFileMode(_directory.Path, OwnerOnly | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        _open = Path.Combine(_directory.Path, "tmp");
        Directory.CreateDirectory(_open);
        File.SetUnixFileMode(_open, (UnixFileMode)0x3FF);
        _victim = Path.Combine(_directory.Path, "victim");
        File.WriteAllText(_victim, Secret);
    }

    public void Dispose() => _directory.Dispose();

    /// <param name="traps">The first steps of an ordinary user, in the open directory.</param>
    /// <param name="state">Where root then wants its state.</param>
    /// <param name="reason">The answer it gets.</param>
    [RootTheory]
    [InlineData("mkdir s && ln -s ../../victim s/ringid_1.new", "s", "belongs to the user 65534")]
    [InlineData("mkdir s && ln -s ../../victim s/ringid_1 && chmod 777 s", "s", "belongs to the user 65534")]
    [InlineData("mkdir -p s/loopback", "s/loopback", "belongs to the user 65534")]
    [InlineData("mkdir s && chmod 777 s", "s/loopback", "belongs to the user 65534")]
    [InlineData("ln -s .. s", "s", "belongs to the user 65534")]
    [InlineData("ln -s .. s", "s/loopback", "belongs to the user 65534")]
    [InlineData("ln -s /nowhere s", "s", "belongs to the user 65534")]
    [InlineData("mkfifo s", "s", "belongs to the user 65534")]
    [InlineData("touch s", "s/loopback", "belongs to the user 65534")]
    public void A_directory_that_another_user_made_first_is_refused(string traps, string state, string reason)
    {
        SystemCommand.Run($"{TotemProgram.AsNobody} sh -c 'cd {_open} && {traps}'");
        var before = Names();
        var path = Path.Combine(_open, state);

        var failure = Assert.Throws<IOException>(() => Store(path));

        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
        Assert.Contains("expected a directory that belongs to root", failure.Message, StringComparison.Ordinal);
        Assert.Equal(Secret, File.ReadAllText(_victim));
        Assert.Equal(before, Names());
    }

    [RootTheory]
    [InlineData("ln -s ../victim ringid_1", "symbolic link")]
    [InlineData("ln ../victim ringid_1", "no regular file with one name")]
    [InlineData("mkfifo ringid_1", "no regular file with one name")]
    [InlineData("mkdir ringid_1", "no regular file with one name")]
    public void A_file_that_is_none_is_refused(string trap, string reason)
    {
        var path = Path.Combine(_directory.Path, "state");
        Directory.CreateDirectory(path, OwnerOnly);
        SystemCommand.Run($"sh -c 'cd {path} && {trap}'");

        var failure = Assert.Throws<IOException>(() => Store(path));

        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
        Assert.Contains("ringid_1", failure.Message, StringComparison.Ordinal);
        Assert.Equal(Secret, File.ReadAllText(_victim));
    }

    [RootTheory]
    [InlineData("ln -s ../victim ringid_1.new")]
    [InlineData("ln ../victim ringid_1.new")]
    [InlineData("mkfifo ringid_1.new")]
    public void A_file_with_the_new_file_s_name_is_removed_and_never_written(string trap)
    {
        var path = Path.Combine(_directory.Path, "state");
        Directory.CreateDirectory(path, OwnerOnly);
        SystemCommand.Run($"sh -c 'cd {path} && {trap}'");

        Store(path);

        Assert.Equal(Secret, File.ReadAllText(_victim));
        Assert.Equal([Path.Combine(path, "ringid_1")], Directory.GetFiles(path));
    }

    [RootTheory]
    [InlineData("0777", false)]
    [InlineData("0770", false)]
    [InlineData("1777", false)]
    [InlineData("2775", true)]
    [InlineData("2777", false)]
    [InlineData("0755", true)]
    [InlineData("0700", true)]
    public void A_directory_that_others_can_write_in_is_refused_unless_root_shares_it(string mode, bool isAccepted)
    {
        var path = Path.Combine(_directory.Path, "state");
        Directory.CreateDirectory(path);
        SystemCommand.Run($"chmod {mode} {path}");
        if (isAccepted)
            Store(path);
        else
            Assert.Contains($"can be written by others (mode {mode})",
                Assert.Throws<IOException>(() => Store(path)).Message, StringComparison.Ordinal);
    }

    [RootFact]
    public void The_command_refuses_too_and_says_so_in_one_line()
    {
        using var ports = PortBlock.Take();
        SystemCommand.Run($"{TotemProgram.AsNobody} sh -c 'cd {_open} && mkdir s && ln -s ../../victim "
            + "s/ringid_1.new'");
        foreach (var command in new[] { "node", "group g", "sheep" })
        {
            var arguments = command == "sheep"
                ? $"sheep -c totem:port={ports.BasePort},state={_open}/s"
                : $"{command} --port {ports.BasePort} --state {_open}/s";
            var (exitCode, said) = TotemProgram.Run(arguments);
            Assert.True(exitCode == 3, $"{exitCode}: {said}");
            Assert.Contains($"{_open}/s belongs to the user 65534", said, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', said);
        }

        Assert.Equal(Secret, File.ReadAllText(_victim));
    }

    [RootFact]
    public void Root_s_state_of_the_loopback_is_where_nobody_else_makes_names()
    {
        var path = TotemNodeOptions.Loopback(20_000, name: "").StateDirectory;
        Assert.Equal("/run/totem/loopback-20000", path);
        // A directory of another user's session is not believed.
        using var ports = PortBlock.Take();
        var (exitCode, said) = TotemProgram.Run(
            $"node --port {ports.BasePort}", $"env TMPDIR={_open} XDG_RUNTIME_DIR={_directory.Path} "
                + $"{TotemProgram.AsNobody}");
        Assert.True(exitCode == 0, said);
        Assert.True(
            File.Exists(Path.Combine(_open, $"totem-{TotemProgram.Nobody}", $"loopback-{ports.BasePort}", "ringid_1")));
    }

    private static void Store(string path)
    {
        using var file = new RingSequenceFile(path, new ProcessorId(1));
        file.Read();
        file.Write(7);
    }

    private string[] Names() => [.. Directory.EnumerateFileSystemEntries(_open, "*", SearchOption.AllDirectories)
        .Order(StringComparer.Ordinal)];
}
