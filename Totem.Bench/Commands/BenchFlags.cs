using System.CommandLine;
using System.Text.Json;
using Totem.Bench.Load;
using Totem.Bench.Processes;
using Totem.Bench.Results;
using Totem.Bench.Ring;
using Totem.CommandLine;

namespace Totem.Bench.Commands;

/// <summary>The flags of every measurement, and the way of its result.</summary>
internal sealed class BenchFlags
{
    private readonly Option<int> _nodes = Ranged.Number("--nodes", "How many nodes, each a process.", 3, 2, 14);
    private readonly Option<double> _seconds = Duration("--seconds", "How long the measured window is.", 5);
    private readonly Option<double> _warmUp = Duration("--warm-up", "How long the load runs before it, in seconds.", 2);
    private readonly Option<int> _runs =
        Ranged.Number("--runs", "How often each engine is measured; engines alternate.", 1, 1, 100);
    private readonly Option<string?> _net = new("--net")
    {
        Description = "namespaces: a network namespace for each node, with veth and a bridge; needs root. loopback: "
            + "127.0.0.1. By default the first that is possible.",
        HelpName = "NET",
    };

    private readonly Option<string> _nodesAs = NodesAs("jit");
    private readonly Option<string?> _json = new("--json") { Description = "Write the report to this file as JSON; - "
        + "prints it, and nothing else.", HelpName = "FILE" };

    /// <summary>Adds them to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_nodes, _seconds, _warmUp, _runs, _net, _nodesAs, _json])
            command.Add(option);
    }

    /// <summary>How many nodes.</summary>
    public int Nodes(ParseResult parsed) => parsed.GetValue(_nodes);

    /// <summary>How long the window is.</summary>
    public double Seconds(ParseResult parsed) => parsed.GetValue(_seconds);

    /// <summary>How long the load runs before it.</summary>
    public double WarmUp(ParseResult parsed) => parsed.GetValue(_warmUp);

    /// <summary>How often each engine is measured.</summary>
    public int Runs(ParseResult parsed) => parsed.GetValue(_runs);

    /// <summary>Whether the nodes share the loopback.</summary>
    public bool IsLoopback(ParseResult parsed) => NetOf(parsed) == BenchNetworks.Loopback;

    /// <summary>Measures, writes the report, and says how it was.</summary>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public async Task<int> RunAsync(ParseResult parsed, RingPlan plan)
    {
        using var signals = new StopSignals();
        plan = plan with { NodesDirectory =
            DirectoryOf(parsed.GetValue(_nodesAs)!, parsed.InvocationConfiguration.Error) };
        var report = await new RingBench(plan, NetOf(parsed), parsed.InvocationConfiguration.Error)
            .RunAsync(signals.Token).ConfigureAwait(false);
        if (await WriteAsync(parsed, JsonSerializer.Serialize(report, BenchReportJson.Default.BenchReport))
            .ConfigureAwait(false))
            ReportTable.Write(report, parsed.InvocationConfiguration.Output);
        return RingBench.Holds(plan.Engines, report.Engines, plan.Load.Kind != LoadKind.Idle) ? ExitCode.Ok
            : ExitCode.CheckFailed;
    }

    /// <summary>Writes a report as JSON where that was asked for.</summary>
    /// <returns>Whether the output is free for a table.</returns>
    public async Task<bool> WriteAsync(ParseResult parsed, string report)
    {
        var json = parsed.GetValue(_json);
        if (json == "-")
            await parsed.InvocationConfiguration.Output.WriteLineAsync(report).ConfigureAwait(false);
        else if (json is not null)
            await File.WriteAllTextAsync(json, report + "\n", CancellationToken.None).ConfigureAwait(false);
        return json != "-";
    }

    /// <summary>Which network.</summary>
    public string NetOf(ParseResult parsed) => parsed.GetValue(_net) ?? BenchNetworks.Default;

    /// <summary>The option that says what nodes are made of.</summary>
    public static Option<string> NodesAs(string byDefault)
    {
        var option = new Option<string>("--nodes-as")
        {
            Description = "jit: this program, whose code is compiled while it runs and is slow for seconds. native: "
                + "published as native code first, from "
                + $"the sources. {EngineSpec.Totem}@{EngineSpec.ThisProgram} is a ring of the former among the latter.",
            DefaultValueFactory = _ => byDefault,
        };
        option.AcceptOnlyFromAmong("jit", "native");
        return option;
    }

    /// <summary>The build that nodes are of; null for this one.</summary>
    public static string? DirectoryOf(string nodesAs, TextWriter progress) =>
        nodesAs == "native" ? NativeNodes.Publish(progress) : null;

    private static Option<double> Duration(string name, string description, double byDefault)
    {
        const double min = 0.1;
        const double max = 3600;
        var option = new Option<double>(name) { Description = $"{description} {min} to {max}.", HelpName = "S",
            DefaultValueFactory = _ => byDefault };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double>() is not (>= min and <= max))
                result.AddError($"{name}: expected {min} to {max} seconds");
        });
        return option;
    }
}
