using System.CommandLine;
using System.Text.Json;
using Totem.Cli.Nodes;
using Totem.Cli.Traces;
using Totem.Cli.Workers;
using Totem.CommandLine;
using Totem.Simulation.Traces;

namespace Totem.Cli.Commands;

/// <summary>
/// <c>totem worker</c>, which is not in the help: one member of a demo or of a test with real processes. It reads
/// <see cref="WorkerInstruction"/>s and prints <see cref="NodeEvent"/>s.
/// </summary>
internal sealed class WorkerCommand : Command
{
    private readonly NodeFlags _flags = new();
    private readonly Option<int> _incarnation =
        Ranged.Number("--incarnation", "Which life of the member this is.", 1, 1, 1_000_000);
    private readonly Option<string?> _trace =
        new("--trace") { Description = "Write a trace to this file.", HelpName = "FILE" };
    private readonly Option<int> _duplicate =
        Ranged.Number("--duplicate", "Of a hundred datagrams, how many are taken twice.", 0, 0, 100);
    private readonly Option<bool> _unwatched =
        new("--unwatched") { Description = "Notice dead processes by probing only." };

    /// <summary>Creates the command.</summary>
    public WorkerCommand() : base("worker", "One member of a demo or a test, driven through its standard input.")
    {
        Hidden = true;
        _flags.AddTo(this);
        Add(_incarnation);
        Add(_trace);
        Add(_duplicate);
        Add(_unwatched);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken _)
    {
        using var signals = new StopSignals();
        var incarnation = parsed.GetValue(_incarnation);
        var output = new NodeOutput(parsed.InvocationConfiguration.Output, isJson: true);
        using var trace = parsed.GetValue(_trace) is { } path
            ? TraceRecorder.Create(path, incarnation, MessagePayload.TryParse)
            : null;
        var outstanding = new OutstandingMessages();
        using var report = new DeliveryReport(output, trace, outstanding);

        var options = Duplicating(_flags.Read(parsed), parsed.GetValue(_duplicate));
        options = options with
        {
            Transport = options.Transport with { IsWatchAllowed = !parsed.GetValue(_unwatched) },
            OnDelivery = report.OnDelivery,
            Observer = trace,
        };
        var node = await NodeStart.StartAsync(options).ConfigureAwait(false);
        await using (node.ConfigureAwait(false))
        {
            outstanding.Owner = node.Id;
            trace?.Start(node.Id);
            output.Write(new NodeStarted(DateTimeOffset.UtcNow, node.Id.Value, Environment.ProcessId));
            using var sender = new LoadSender(node, output, trace, incarnation, outstanding);
            report.Sent = () => sender.Sent;
            var sending = sender.RunAsync();
            await ObeyAsync(sender, output, trace, signals.Token).ConfigureAwait(false);
            sender.Complete();
            await sending.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        }

        trace?.End(asFailure: true);
        output.Write(new NodeLeft(DateTimeOffset.UtcNow));
        return ExitCode.Ok;
    }

    private static async Task ObeyAsync(
        LoadSender sender, NodeOutput output, TraceRecorder? trace, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var line in LineSource.Read(Console.In).ReadAllAsync(cancellationToken)
                .ConfigureAwait(false))
            {
                switch (Parse(line))
                {
                    case StartLoad load:
                        sender.Enqueue(load);
                        break;
                    case SendMark mark:
                        sender.Enqueue(mark);
                        break;
                    case StopLoad:
                        sender.Stop();
                        break;
                    case EndTrace:
                        trace?.End(asFailure: false);
                        output.Write(new WorkerTraceEnded(DateTimeOffset.UtcNow));
                        break;
                    default: // Leave.
                        return;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // A signal means leave too.
        }
    }

    private static WorkerInstruction Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, WorkerInstructionJson.Default.WorkerInstruction)
                ?? throw new JsonException("null");
        }
        catch (JsonException)
        {
            throw new CommandFailedException(
                ExitCode.Usage, $"'{line}' is no instruction, expected an object such as {{\"do\":\"leave\"}} with do: "
                    + "load, stop, mark, endTrace or leave");
        }
    }

    // The transport's seam for tests: every receiver takes some datagrams twice.
    private static TotemNodeOptions Duplicating(TotemNodeOptions options, int percent)
    {
        if (percent == 0)
            return options;
        var random = new Random(unchecked((int)options.Ring.Self.Value));
        return options with { Transport = options.Transport with { ReceiveFilter = _ => random.Next(100) < percent
            ? 2
            : 1 } };
    }
}
