using System.CommandLine;
using System.Text.Json;
using Totem.Cli.Output;
using Totem.Cli.Simulations;
using Totem.CommandLine;
using Totem.Simulation.Faults;
using Totem.Simulation.Scenarios;
using Totem.Transport.Udp.Embedding;

namespace Totem.Cli.Commands;

/// <summary><c>totem simulate</c>.</summary>
internal sealed class SimulateCommand : TotemCommand
{
    private const int ScenariosByDefault = 1000;

    private readonly Option<ulong?> _seed = Ranged.Optional<ulong>(
        "--seed", "The first seed. Without --scenarios: run exactly the scenario of this seed.", 0, ulong.MaxValue);

    private readonly Option<int?> _scenarios = Ranged.Optional(
        "--scenarios", $"How many random scenarios, seed after seed. Default {ScenariosByDefault}.", 1, 1_000_000_000);

    private readonly Option<int> _threads = Ranged.Number(
        "--threads", "Scenarios at a time.", Math.Clamp(Environment.ProcessorCount, 1, 256), 1, 256);

    private readonly Option<int?> _processors = Ranged.Optional(
        "--processors", "Processors in every scenario; 2 to 14; drawn from the seed when not given.", 2, 14);

    private readonly Option<bool> _groups = new("--groups")
    {
        Description = "With process groups: processes join, speak and leave under the same faults, among members of "
            + "both\n" +
            "encodings, and the rules of groups are checked too. A script says so itself.",
    };

    private readonly Option<bool> _knet = new("--knet")
    {
        Description = "On kronosnet: one to three links between every two members, keys, faults of links, attackers. A "
            + "script\n" +
            "says so itself.",
    };

    private readonly Option<RingKind?> _ring = new("--ring")
    {
        Description = "Only rings of this kind: plain, or accelerated, where messages follow the token; drawn when "
            + "not given.",
        HelpName = "plain|accelerated",
        CustomParser = result =>
        {
            switch (result.Tokens[0].Value)
            {
                case "plain":
                    return RingKind.Plain;
                case "accelerated":
                    return RingKind.Accelerated;
                case var other:
                    result.AddError($"--ring is '{other}', expected plain or accelerated");
                    return null;
            }
        },
    };

    private readonly Option<FileInfo?> _script = new("--script")
    {
        Description = "Run this scenario, as a failure prints it, instead of random ones.",
        HelpName = "FILE",
    };

    private readonly Option<bool> _json =
        new("--json") { Description = "Print the report as one JSON object, and no progress." };

    private readonly Option<bool> _verbose = new("--verbose")
    {
        Description = "Print what the engines met (every counter); for a single scenario also its script.",
    };

    /// <summary>Creates the command.</summary>
    public SimulateCommand() : base(
        "simulate",
        "Run whole clusters on virtual time: sizes, workload and faults are drawn from a seed; then the faults stop, "
            + "and the\n" +
        "cluster must come together in a bounded time. Every trace is checked against every rule.")
    {
        foreach (var option in (ReadOnlySpan<Option>)[_seed, _scenarios, _threads, _processors, _groups, _knet, _ring,
            _script, _json, _verbose])
            Add(option);
        Validators.Add(result =>
        {
            // Not their values: reading the one of an option that lacks its argument throws.
            if (IsGiven(_script) && (IsGiven(_seed) || IsGiven(_scenarios)))
                result.AddError("--script is a scenario of its own; expected neither --seed nor --scenarios beside it");
            if (IsGiven(_script) && IsGiven(_groups))
                result.AddError("--script says itself whether it has groups; expected no --groups beside it");

            if (IsGiven(_script) && IsGiven(_knet))
                result.AddError("--script says itself whether it has kronosnet; expected no --knet beside it");
            if (IsGiven(_groups) && IsGiven(_knet))
                result.AddError("--groups and --knet are kinds of scenarios; expected one of them");
            if (IsGiven(_script) && IsGiven(_ring))
                result.AddError("--script says itself which ring it has; expected no --ring beside it");

            bool IsGiven(Option option) => result.GetResult(option) is { Implicit: false };
        });
        SetAction(RunAsync);
    }

    /// <inheritdoc />
    public override IReadOnlyList<(string CommandLine, string Does)> Examples =>
    [
        ("totem simulate", $"{ScenariosByDefault} random scenarios"),
        ("totem simulate --seed 4711", "replay one scenario"),
        ("totem simulate --seed 1 --scenarios 200000", "many of them"),
        ("totem simulate --groups --scenarios 10000", "the same with process groups"),
        ("totem simulate --knet --scenarios 10000", "rings on redundant, encrypted links"),
        ("totem simulate --ring accelerated --scenarios 10000", "only rings where messages follow the token"),
        ("totem simulate --script failure.txt --verbose", "replay a scenario that a failure printed"),
    ];

    /// <inheritdoc />
    public override IReadOnlyList<(int Code, string Means)> ExitCodes =>
    [
        (ExitCode.Ok, "every scenario held"),
        (ExitCode.CheckFailed, "a scenario broke a rule; its seed and the shortest script found are printed"),
        (ExitCode.Usage, "wrong arguments, or a script that cannot be read"),
        (ExitCode.Interrupted, "stopped by Ctrl-C or SIGTERM; what was run until then is reported"),
    ];

    private Task<int> RunAsync(ParseResult parsed, CancellationToken _)
    {
        if (parsed.GetValue(_script) is { } file)
            return Task.FromResult(RunScript(parsed, file));
        // The campaign blocks its thread; the signals need one of their own.
        return Task.Run(() => RunCampaign(parsed));
    }

    private int RunCampaign(ParseResult parsed)
    {
        var configuration = parsed.InvocationConfiguration;
        var seed = parsed.GetValue(_seed);
        var isJson = parsed.GetValue(_json);
        using var signals = new StopSignals();
        using var progress = ProgressLine.For(configuration.Error, isSilent: isJson);
        var options = new CampaignOptions
        {
            FirstSeed = seed ?? 1,
            ScenarioCount = parsed.GetValue(_scenarios) ?? (seed is null ? ScenariosByDefault : 1),
            ThreadCount = parsed.GetValue(_threads),
            ProcessorCount = parsed.GetValue(_processors),
            Groups = parsed.GetValue(_groups),
            Knet = parsed.GetValue(_knet),
            Ring = parsed.GetValue(_ring),
        };
        var report = SimulationCampaign.Run(
            options,
            x => progress.Update(() => $"{x.Done} of {x.Total} scenarios, {x.Failed} failed, {x.PerSecond:0} a second"),
            signals.Token);
        progress.Dispose();

        if (isJson)
            configuration.Output.WriteLine(
                JsonSerializer.Serialize(CampaignJson.Of(report), CampaignJsonContext.Default.CampaignJson));
        else
            CampaignText.Write(report, configuration.Output, parsed.GetValue(_verbose));
        return report.Passed
            ? signals.Token.IsCancellationRequested ? ExitCode.Interrupted : ExitCode.Ok
            : ExitCode.CheckFailed;
    }

    private int RunScript(ParseResult parsed, FileInfo file)
    {
        var output = parsed.InvocationConfiguration.Output;
        var result = new ScenarioRunner().Run(ReadScript(file));
        if (parsed.GetValue(_json))
            output.WriteLine(
                JsonSerializer.Serialize(ScenarioJson.Of(result), CampaignJsonContext.Default.ScenarioJson));
        else
            CampaignText.Write(result, output, parsed.GetValue(_verbose));
        return result.Passed ? ExitCode.Ok : ExitCode.CheckFailed;
    }

    private static FaultScript ReadScript(FileInfo file)
    {
        try
        {
            return FaultScript.Parse(File.ReadAllText(file.FullName), file.Name);
        }
        catch (FormatException failure)
        {
            throw new CommandFailedException(ExitCode.Usage, failure.Message);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(
                ExitCode.Usage, $"--script {FailureText.OfFile(file.ToString(), failure)}");
        }
    }
}
