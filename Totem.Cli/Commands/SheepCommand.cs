using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using Totem.Cli.Nodes;
using Totem.Cli.Sheep;
using Totem.CommandLine;
using Totem.Sheepdog;
using Totem.Transport.Udp.Embedding;

namespace Totem.Cli.Commands;

/// <summary><c>totem sheep</c>.</summary>
internal sealed class SheepCommand : TotemCommand
{
    private const int FirstPort = 7000;
    private const int PortsTried = 1000;

    private readonly Option<string?> _driver = new("--cluster", "-c")
    {
        Description = $"The cluster driver and its option, as sheep's -c: {string.Join(", ", ClusterDrivers.Names)}. "
            + $"Default: {ClusterDrivers.Names[0]}.",
        HelpName = "DRIVER[:OPTION]",
    };

    private readonly Option<int?> _port = Ranged.Optional<int>(
        "--port", $"The port that says who this sheep is on its host. Default: the first free one from {FirstPort}.", 1,
        IPEndPoint.MaxPort);

    private readonly Option<bool> _json = new("--json") { Description = "Print one JSON event a line." };
    private readonly Option<bool> _verbose =
        new("--verbose") { Description = "Print what the protocol does as well, step by step." };

    /// <summary>Creates the command.</summary>
    public SheepCommand() : base(
        "sheep",
        "Stand in for Sheepdog's daemon: join a cluster through a driver and print epochs and node lists as they "
            + "change.\n" +
        $"On the standard input: {SheepSession.Commands["type ".Length..]}.")
    {
        _port.Aliases.Add("-p");
        foreach (var option in (ReadOnlySpan<Option>)[_driver, _port, _json, _verbose])
            Add(option);
        SetAction((parsed, _) => Task.FromResult(Run(parsed)));
    }

    /// <inheritdoc />
    public override IReadOnlyList<(string CommandLine, string Does)> Examples =>
    [
        ("totem sheep", "in two or three terminals of one host"),
        ("totem sheep -c totem:port=6000,group=test", "another cluster on the same host"),
        ("totem sheep -c totem:config=/etc/corosync/corosync.conf -p 7000", "on a ring of several hosts"),
        ("totem sheep -c zookeeper:10.0.0.1:2181,10.0.0.2:2181/five", "through ZooKeeper servers"),
        ("totem sheep -c local:/var/tmp/sheep", "through files of this host, without a network"),
    ];

    /// <inheritdoc />
    public override IReadOnlyList<(int Code, string Means)> ExitCodes =>
    [
        (ExitCode.Ok, "left in good order: end of the input, Ctrl-C or SIGTERM"),
        (ExitCode.CheckFailed, "the driver ended: another process joined as this node"),
        (ExitCode.Usage, "wrong arguments or a wrong driver"),
        (ExitCode.Environment, "the port is taken, or the driver cannot start"),
    ];

    private int Run(ParseResult parsed)
    {
        try
        {
            using var driver = ClusterDrivers.Create(parsed.GetValue(_driver), out var option);
            using var listener = Listen(parsed.GetValue(_port));
            var output = new SheepOutput(parsed.InvocationConfiguration.Output, parsed.GetValue(_json));
            var port = ((IPEndPoint)listener.LocalEndpoint).Port;
            var session = new SheepSession(driver, option, port, output, parsed.GetValue(_verbose));
            session.Start();
            // Not before: until there is something to leave, a signal ends the process at once,
            // also while it waits for servers.
            using var signals = new StopSignals();
            var failure = session.Run(LineSource.Read(Console.In), signals.Token);
            return failure is null ? ExitCode.Ok : throw new CommandFailedException(ExitCode.CheckFailed, failure);
        }
        catch (ClusterDriverException failure)
        {
            throw new CommandFailedException(
                failure.IsConfiguration ? ExitCode.Usage : ExitCode.Environment, failure.Message);
        }
        catch (Exception failure) when (failure is not CommandFailedException && FailureText.IsForeseen(failure))
        {
            throw new CommandFailedException(ExitCode.Environment, FailureText.Of(failure));
        }
    }

    /// <summary>Sheep listens there. Here nobody is served; the port only says that this process is
    /// that node.</summary>
    private static TcpListener Listen(int? wanted)
    {
        for (var port = wanted ?? FirstPort; ; port++)
        {
            var listener = new TcpListener(IPAddress.Any, port) { ExclusiveAddressUse = true };
            try
            {
                listener.Start();
                return listener;
            }
            catch (SocketException failure)
            {
                listener.Dispose();
                if (wanted is null && port < FirstPort + PortsTried)
                    continue;
                throw new CommandFailedException(ExitCode.Environment, $"port {port}: {failure.Message}");
            }
        }
    }
}
