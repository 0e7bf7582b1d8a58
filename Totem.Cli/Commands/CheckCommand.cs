using System.CommandLine;
using System.Text.Json;
using Totem.Cli.Demos;
using Totem.Cli.Traces;
using Totem.CommandLine;
using Totem.Simulation.Checkers;

namespace Totem.Cli.Commands;

/// <summary><c>totem check</c>.</summary>
internal sealed class CheckCommand : TotemCommand
{
    private readonly Argument<FileInfo[]> _files = new("TRACE")
    {
        Description = "The traces of one run: one for each life of each member.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private readonly Option<string[]> _torn = new("--torn")
    {
        Description = "A life that was killed and may not have written its last events, as NODE or NODE#LIFE.",
        HelpName = "NODE#LIFE",
    };

    private readonly Option<bool> _complete = new("--complete")
    {
        Description = "The run came to rest before the traces ended: what was sent must have been delivered.",
    };

    private readonly Option<bool> _verbose =
        new("--verbose") { Description = "List the rules, and each life with its configurations." };

    /// <summary>Creates the command.</summary>
    public CheckCommand()
        : base("check", "Merge the traces of a run and hold them against every rule of extended virtual synchrony.")
    {
        Add(_files);
        Add(_torn);
        Add(_complete);
        Add(_verbose);
        Validators.Add(result =>
        {
            if (result.GetValue(_files) is not { Length: > 0 })
                result.AddError("no TRACE, expected one or more files");
        });
        SetAction(Run);
    }

    /// <inheritdoc />
    public override IReadOnlyList<(string CommandLine, string Does)> Examples =>
    [
        ("totem demo --keep traces", "a run to look at"),
        ("totem check traces/*.trace --torn 3#1 --complete", "its check, once more: node 3 was killed in its "
            + "first life"),
    ];

    /// <inheritdoc />
    public override IReadOnlyList<(int Code, string Means)> ExitCodes =>
    [
        (ExitCode.Ok, "every rule holds"),
        (ExitCode.CheckFailed, "a rule is broken; the events that break it are printed"),
        (ExitCode.Usage, "wrong arguments, or a file that is no trace"),
    ];

    private int Run(ParseResult parsed)
    {
        var output = parsed.InvocationConfiguration.Output;
        var trace = RunTraces.Read(parsed.GetValue(_files)!.Select(x => x.FullName));
        var torn = (parsed.GetValue(_torn) ?? []).Select(LifeName.Parse).ToArray();
        foreach (var life in torn)
        {
            // Most likely a slip: the life that was meant would be held to events that it could not write.
            if (!trace[life.Processor].Any(x => x.Incarnation == life.Incarnation))
                throw new CommandFailedException(
                    ExitCode.Usage, $"--torn {life} is in no trace, expected a life that is");
        }

        var report = EvsChecker.Check(
            trace, new EvsCheckOptions { Quiescent = parsed.GetValue(_complete), TornLives = torn });
        if (parsed.GetValue(_verbose))
        {
            foreach (var rule in report.RulesChecked)
                output.WriteLine($"  {rule.Number,-4} {rule.Statement}");
            foreach (var life in LifeSummary.Of(trace))
            {
                output.WriteLine($"  {life.Node}#{life.Incarnation}: {life.Sent} sent, {life.Delivered} delivered");
                foreach (var part in life.Parts)
                    output.WriteLine($"    {part.Configuration}: {part.Delivered} delivered, order {part.Hash}");
            }
        }

        output.WriteLine(report);
        return report.Holds ? ExitCode.Ok : ExitCode.CheckFailed;
    }
}
