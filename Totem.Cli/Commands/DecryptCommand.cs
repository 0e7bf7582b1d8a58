using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using Totem.CommandLine;

namespace Totem.Cli.Commands;

/// <summary><c>totem decrypt</c>.</summary>
internal sealed class DecryptCommand : TotemCommand
{
    private readonly Argument<string> _source = new("CAPTURE")
    {
        Description = "A capture of kronosnet in libpcap's format, as tcpdump -w writes it.",
    };

    private readonly Argument<string> _target = new("OUT")
    {
        Description = "Where the same capture goes with its packets in clear. Anybody who can read it can read the "
            + "messages.",
    };

    private readonly Option<string> _key = new("--key")
    {
        Description = $"The ring's key file. Default {KnetTransportOptions.DefaultKeyFile}.",
        HelpName = "FILE",
        DefaultValueFactory = static _ => KnetTransportOptions.DefaultKeyFile,
    };

    private readonly Option<string> _cluster = new("--cluster")
    {
        Description = "The cluster's name (cluster_name), which keys of our own format depend on. Default: none, as "
            + "of a ring\nwithout a corosync.conf.",
        HelpName = "NAME",
        DefaultValueFactory = static _ => "",
    };

    /// <summary>Creates the command.</summary>
    public DecryptCommand() : base(
        "decrypt", "Decrypt a capture of kronosnet for Wireshark, whatever cipher, hash or format its packets have.")
    {
        Add(_source);
        Add(_target);
        Add(_key);
        Add(_cluster);
        SetAction(Run);
    }

    /// <inheritdoc />
    public override IReadOnlyList<(string CommandLine, string Does)> Examples =>
    [
        ("totem decrypt sealed.pcap clear.pcap --key ring.key", "then open clear.pcap with docs/how-to/wireshark"),
    ];

    /// <inheritdoc />
    public override IReadOnlyList<(int Code, string Means)> ExitCodes =>
    [
        (ExitCode.Ok, "the capture is written, with at least one packet that the key opened"),
        (ExitCode.CheckFailed, "the key opened none of its packets: another key, or another cluster's name"),
        (ExitCode.Usage, "wrong arguments, or a file that is no such capture or no key"),
        (ExitCode.Environment, "a file cannot be read or written"),
    ];

    private int Run(ParseResult parsed)
    {
        var source = parsed.GetValue(_source)!;
        var target = parsed.GetValue(_target)!;
        if (Path.GetFullPath(source) == Path.GetFullPath(target))
            throw new CommandFailedException(ExitCode.Usage, $"{target} is the capture itself, expected another file");
        var key = File.ReadAllBytes(parsed.GetValue(_key)!);
        try
        {
            using var input = new BufferedStream(File.OpenRead(source));
            // The messages are as secret as they were: for this user alone.
            var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            using var output = new BufferedStream(new FileStream(target, options));
            var counts = KnetCapture.Decrypt(input, output, key, parsed.GetValue(_cluster)!);
            parsed.InvocationConfiguration.Output.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{target}: {counts.Opened} of {counts.Datagrams} datagrams opened, "
                    + $"{counts.Others} copied as they were"));
            return counts.Opened > 0 ? ExitCode.Ok : ExitCode.CheckFailed;
        }
        catch (InvalidDataException failure)
        {
            throw new CommandFailedException(ExitCode.Usage, failure.Message);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }
}
