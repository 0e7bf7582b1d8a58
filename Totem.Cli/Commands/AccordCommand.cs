using System.CommandLine;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Totem.Accord;
using Totem.Accord.Server;
using Totem.Cli.Nodes;
using Totem.CommandLine;

namespace Totem.Cli.Commands;

/// <summary><c>totem accord</c>.</summary>
internal sealed class AccordCommand : TotemCommand
{
    private readonly NodeFlags _flags = new();
    private readonly Option<bool> _memory = new("--memory")
    {
        Description = "Keep the state in memory. Required: there is no other place for it yet.",
    };

    private readonly Option<string[]> _listen = new("--listen")
    {
        Description = "Where clients connect, instead of port 9090 of the loopback. Once for each address. "
            + "Clients have "
            + "neither names nor keys: whoever reaches the port can read and change everything.",
        HelpName = "ADDRESS[:PORT]",
    };

    private readonly Option<int> _voters = Ranged.Number(
        "--voters", "How many conductors shall vote: a store begins when so many have met, and goes on while more than "
            + "half of them are together. The same at all of them, and best as many as there are.", 1, 1,
            ConductorServerOptions.VotersMax);

    private readonly Option<string> _store = new("--store")
    {
        Description = "Which store of those on the ring.",
        HelpName = "NAME",
        DefaultValueFactory = _ => "accord",
    };

    private readonly Option<bool> _staleReads = new("--stale-reads")
    {
        Description = "Answer reads where there is no majority, from what was known last.",
    };

    private readonly Option<bool> _verbose =
        new("--verbose") { Description = "Log to the standard error what the conductor and the protocol do." };

    /// <summary>Creates the command.</summary>
    public AccordCommand() : base(
        "accord",
        "Run one conductor of Accord, a replicated store with transactions and watches, for programs of libacrd.\n"
            + $"Limits: path {AccordLimits.PathBytesMax} bytes, value and transaction "
            + $"{AccordLimits.ValueBytesMax >> 20} "
            + $"MiB, {AccordLimits.TransactionOperationsMax} operations in a transaction,\n"
            + $"{AccordLimits.WatchesPerClientMax} watches a client, {AccordLimits.ClientsPerConductorMax} clients a "
            + $"conductor, {AccordLimits.OldClientsMax} on the ring, {AccordLimits.StoredBytesMax >> 30} GiB of data.")
    {
        _flags.AddTo(this);
        foreach (var option in (ReadOnlySpan<Option>)[_memory, _listen, _voters, _store, _staleReads, _verbose])
            Add(option);
        SetAction(RunAsync);
    }

    /// <inheritdoc />
    public override IReadOnlyList<(string CommandLine, string Does)> Examples =>
    [
        ("totem accord --memory", "a store with one conductor, at port 9090 of the loopback"),
        ("totem accord --memory --voters 3 --listen 127.0.0.1:9091", "one of three conductors of one host, each with "
            + "a port of its own"),
        ("totem accord --memory --voters 3 --config /etc/corosync/corosync.conf", "on each of three hosts"),
    ];

    /// <inheritdoc />
    public override IReadOnlyList<(int Code, string Means)> ExitCodes =>
    [
        (ExitCode.Ok, "stopped in good order: Ctrl-C or SIGTERM"),
        (ExitCode.CheckFailed, "the conductor stopped itself: its state differed, or it lost touch with the others"),
        (ExitCode.Usage, "wrong arguments or a wrong configuration file"),
        (ExitCode.Environment, "an address cannot be bound, a file cannot be written, the ring sequence is damaged"),
    ];

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken _)
    {
        if (!parsed.GetValue(_memory))
            throw new CommandFailedException(
                ExitCode.Usage, "no place for the state, expected --memory (state on disk is not there yet)");
        var options = _flags.Read(parsed) with { Receives = false };
        var error = parsed.InvocationConfiguration.Error;
        var listen = Addresses(parsed.GetValue(_listen) ?? [], error);
        using var signals = new StopSignals();
        using var logs = NodeLog.Open(options, parsed.GetValue(_verbose), error);
        var node = await NodeStart.StartAsync(options with { LoggerFactory = logs }).ConfigureAwait(false);
        await using (node.ConfigureAwait(false))
        {
            // Others reach this host where the ring does.
            var own = node.Options.Transport.Peers.FirstOrDefault(x => x.Id == node.Id)?.EndPoint.Address;
            var server = new ConductorServerOptions
            {
                TransferListen = new IPEndPoint(own ?? IPAddress.Loopback, 0),
                Voters = parsed.GetValue(_voters),
                Group = parsed.GetValue(_store)!,
                ServesStaleReads = parsed.GetValue(_staleReads),
                LoggerFactory = logs ?? (Microsoft.Extensions.Logging.ILoggerFactory)NullLoggerFactory.Instance,
            };
            if (listen.Count > 0)
                server = server with { Listen = listen };
            await ServeAsync(node, server, parsed.InvocationConfiguration.Output, signals.Token).ConfigureAwait(false);
        }

        return ExitCode.Ok;
    }

    private static async Task ServeAsync(
        TotemNode node, ConductorServerOptions options, TextWriter output, CancellationToken stop)
    {
        ConductorServer conductor;
        try
        {
            conductor = await ConductorServer.StartAsync(node, options, stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return;
        }

        await using (conductor.ConfigureAwait(false))
        {
            await output.WriteLineAsync(
                $"conductor {node.Id} listens at {string.Join(", ", conductor.Addresses)}").ConfigureAwait(false);
            await output.FlushAsync(stop).ConfigureAwait(false);
            var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            using var registration = stop.Register(stopped.SetResult);
            await await Task.WhenAny(stopped.Task, conductor.Completion, node.Completion).ConfigureAwait(false);
        }
    }

    private static List<IPEndPoint> Addresses(string[] texts, TextWriter error)
    {
        var addresses = new List<IPEndPoint>();
        foreach (var text in texts)
        {
            if (!IPEndPoint.TryParse(text, out var address))
                throw new CommandFailedException(
                    ExitCode.Usage, $"--listen is '{text}', expected ADDRESS or ADDRESS:PORT such as 10.0.0.1:9090 or "
                        + "[fd00::1]:9090");
            // Without a port the text ends in the address.
            if (address.Port == 0 && !text.EndsWith(":0", StringComparison.Ordinal))
                address.Port = ConductorServerOptions.DefaultPort;
            if (!IPAddress.IsLoopback(address.Address))
                error.WriteLine($"totem: warning: {address} is not the loopback, and clients have neither names nor "
                    + "keys: whoever reaches it can read and change everything");
            addresses.Add(address);
        }

        return addresses;
    }
}
