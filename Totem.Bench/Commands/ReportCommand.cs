using System.CommandLine;
using Totem.Bench.Report;
using Totem.CommandLine;

namespace Totem.Bench.Commands;

/// <summary><c>report</c>: results for people.</summary>
internal sealed class ReportCommand : Command
{
    private readonly Option<string[]> _in = new("--in")
    {
        Description = "Results: the file of `all`, or what --json of ring, limits, queue, reader and micro wrote. "
            + "Repeated, or several files.",
        HelpName = "FILE...",
        Required = true,
        AllowMultipleArgumentsPerToken = true,
    };

    /// <summary>Creates the command.</summary>
    public ReportCommand() : base(
        "report",
        "Writes a report from results: Markdown with the table of targets, all figures as ratios, and charts (SVG) in "
        + "a folder beside\n"
        + "it that has its name without .md.")
    {
        Add(_in);
        Add(Out);
        SetAction(parsed =>
        {
            ReportFiles.Write(Measurements.Read(parsed.GetValue(_in)!), parsed.GetValue(Out)!);
            return ExitCode.Ok;
        });
    }

    private Option<string> Out { get; } = NewOut();

    /// <summary>Where the report goes.</summary>
    public static Option<string> NewOut() => new("--out") { Description = "The report's file, such as "
        + "docs/reference/performance.md.", HelpName = "FILE", Required = true };
}
