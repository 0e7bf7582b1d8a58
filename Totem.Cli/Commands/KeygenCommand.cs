using System.CommandLine;
using System.Security.Cryptography;
using Totem.CommandLine;

namespace Totem.Cli.Commands;

/// <summary><c>totem keygen</c>.</summary>
internal sealed class KeygenCommand : TotemCommand
{
    /// <summary>As many as corosync's own tool writes.</summary>
    private const int KeyBytes = 256;

    private readonly Argument<string> _file = new("FILE")
    {
        Description = $"Where to write it; without one {KnetTransportOptions.DefaultKeyFile}, where corosync and a "
            + "corosync.conf without "
            + "keyfile look for it.",
        DefaultValueFactory = static _ => KnetTransportOptions.DefaultKeyFile,
    };

    private readonly Option<bool> _force = new("--force") { Description = "Replace a file that exists: members with "
        + "the old key and the new one do not hear each other." };

    /// <summary>Creates the command.</summary>
    public KeygenCommand() : base("keygen", "Make the key that the members of a ring share, in corosync's format, for "
        + "this user alone (mode 0400).")
    {
        Add(_file);
        Add(_force);
        SetAction(Run);
    }

    /// <inheritdoc />
    public override IReadOnlyList<(string CommandLine, string Does)> Examples =>
    [
        ("totem keygen", $"the key of this host's cluster, {KnetTransportOptions.DefaultKeyFile}"),
        ("totem keygen ring.key && scp -p ring.key other:", "one key for two hosts"),
    ];

    /// <inheritdoc />
    public override IReadOnlyList<(int Code, string Means)> ExitCodes =>
    [
        (ExitCode.Ok, "the key is written"),
        (ExitCode.Usage, "wrong arguments, or the file exists"),
        (ExitCode.Environment, "the file cannot be written"),
    ];

    private int Run(ParseResult parsed)
    {
        var file = parsed.GetValue(_file)!;
        if (File.Exists(file) && !parsed.GetValue(_force))
            throw new CommandFailedException(
                ExitCode.Usage, $"{file} exists; expected a new file, or --force where no ring uses it");
        var key = RandomNumberGenerator.GetBytes(KeyBytes);
        // Whole and private at once: a name that is there is a key that is.
        var fresh = $"{file}.{Environment.ProcessId}.new";
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = UnixFileMode.UserRead;
            using (var stream = new FileStream(fresh, options))
            {
                stream.Write(key);
                stream.Flush(flushToDisk: true);
            }

            File.Move(fresh, file, overwrite: parsed.GetValue(_force));
        }
        catch
        {
            File.Delete(fresh);
            throw;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }

        parsed.InvocationConfiguration.Output.WriteLine($"{file}: {KeyBytes} random bytes, mode 0400; give every "
            + "member a copy");
        return ExitCode.Ok;
    }
}
