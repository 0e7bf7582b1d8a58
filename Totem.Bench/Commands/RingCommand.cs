using System.CommandLine;
using System.Text.Json;
using Totem.Bench.Load;
using Totem.Bench.Results;
using Totem.Bench.Ring;

namespace Totem.Bench.Commands;

/// <summary><c>ring</c>: rings of real processes under load.</summary>
internal sealed class RingCommand : Command
{
    private readonly Option<string[]> _engine = new("--engine")
    {
        Description = "What to measure, in turn: " + string.Join(", ", EngineSpec.Names) + ". Repeated, or a list with commas. NAME:SETTING=VALUE "
            + "sets an option of ours (AcceleratedWindow=20) or a line of corosync's section totem; totem@DIR takes the nodes of another build.",
        HelpName = "NAME,...",
        DefaultValueFactory = _ => [EngineSpec.Totem],
    };

    private readonly Option<int> _nodes = Ranged.Number("--nodes", "How many nodes, each a process.", 3, 2, 14);
    private readonly Option<int> _size = Ranged.Number("--size", "The length of a message, in bytes.", 1350, MessageHeader.Bytes, 1_000_000);
    private readonly Option<string> _guarantee = OneOf("--guarantee", "What is asked of the ring.", "agreed", "safe");
    private readonly Option<string> _load = new("--load")
    {
        Description = "closed: one message in flight at each sender. rate:N: messages a second of all senders together, at fixed instants. saturation: as many as are taken.",
        HelpName = "LOAD",
        DefaultValueFactory = _ => "saturation",
    };

    private readonly Option<string?> _senders = new("--senders") { Description = "all or one. By default one for a closed loop, all otherwise.", HelpName = "WHO" };
    private readonly Option<double> _seconds = new("--seconds") { Description = "How long the measured window is.", DefaultValueFactory = _ => 5 };
    private readonly Option<double> _warmUp = new("--warm-up") { Description = "How long the load runs before, in seconds.", DefaultValueFactory = _ => 2 };
    private readonly Option<int> _runs = Ranged.Number("--runs", "How often each engine is measured.", 1, 1, 100);
    private readonly Option<string?> _net = new("--net") { Description = "namespaces (root) or loopback. By default the first that is possible.", HelpName = "NET" };
    private readonly Option<string> _transport = OneOf("--transport", "The transport of ours.", "udpu", "udp");
    private readonly Option<string> _api = OneOf("--api", "How ours is used: a handler on the ring's thread, the stream of events, or a group.", "handler", "stream", "group");
    private readonly Option<bool> _busyPoll = new("--busy-poll") { Description = "Ours polls its sockets instead of waiting." };
    private readonly Option<string?> _json = new("--json") { Description = "Write the report to this file as JSON; - prints it, and nothing else.", HelpName = "FILE" };

    /// <summary>Creates the command.</summary>
    public RingCommand() : base("ring", "Measures rings of real processes under load; several engines take turns.")
    {
        foreach (var option in (Option[])[_engine, _nodes, _size, _guarantee, _load, _senders, _seconds, _warmUp, _runs, _net, _transport, _api, _busyPoll, _json])
            Add(option);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken _)
    {
        var plan = ReadPlan(parsed);
        var json = parsed.GetValue(_json);
        var (output, error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
        using var signals = new StopSignals();
        var bench = new RingBench(plan, parsed.GetValue(_net), error);
        var report = await bench.RunAsync(signals.Token).ConfigureAwait(false);
        if (json is not null)
        {
            var text = JsonSerializer.Serialize(report, BenchReportJson.Default.BenchReport);
            if (json == "-")
                await output.WriteLineAsync(text).ConfigureAwait(false);
            else
                await File.WriteAllTextAsync(json, text + "\n", CancellationToken.None).ConfigureAwait(false);
        }

        if (json != "-")
            ReportTable.Write(report, output);
        return RingBench.Holds(plan, report) ? ExitCode.Ok : ExitCode.CheckFailed;
    }

    private RingPlan ReadPlan(ParseResult parsed)
    {
        var engines = new List<EngineSpec>();
        foreach (var text in parsed.GetValue(_engine)!.SelectMany(x => x.Split(',', StringSplitOptions.RemoveEmptyEntries)))
        {
            if (!EngineSpec.TryParse(text, out var engine))
                throw new BenchFailedException(ExitCode.Usage, $"--engine is '{text}', expected one of {string.Join(", ", EngineSpec.Names)}");
            engines.Add(engine);
        }

        if (!LoadShape.TryParse(parsed.GetValue(_load)!, out var load))
            throw new BenchFailedException(ExitCode.Usage, $"--load is '{parsed.GetValue(_load)}', expected closed, saturation or rate:N");
        var nodes = parsed.GetValue(_nodes);
        var senders = (parsed.GetValue(_senders) ?? (load.Kind == LoadKind.Closed ? "one" : "all")) switch
        {
            "one" => 1,
            "all" => nodes,
            var other => throw new BenchFailedException(ExitCode.Usage, $"--senders is '{other}', expected all or one"),
        };
        return new RingPlan(
            engines, nodes, parsed.GetValue(_size), parsed.GetValue(_guarantee) == "safe", load, senders, Duration(parsed, _seconds),
            Duration(parsed, _warmUp), parsed.GetValue(_runs), parsed.GetValue(_transport)!, parsed.GetValue(_api)!, parsed.GetValue(_busyPoll));
    }

    private static double Duration(ParseResult parsed, Option<double> option)
        => parsed.GetValue(option) is >= 0.1 and <= 3600 and var seconds
            ? seconds
            : throw new BenchFailedException(ExitCode.Usage, $"{option.Name} is {parsed.GetValue(option)}, expected 0.1 to 3600 seconds");

    private static Option<string> OneOf(string name, string description, params string[] values)
    {
        var option = new Option<string>(name) { Description = description, DefaultValueFactory = _ => values[0] };
        option.AcceptOnlyFromAmong(values);
        return option;
    }
}
