using System.CommandLine;
using System.Text.Json;
using Totem.Bench.Micro;
using Totem.CommandLine;

namespace Totem.Bench.Commands;

/// <summary><c>micro</c>: single operations.</summary>
internal sealed class MicroCommand : Command
{
    private readonly Option<string[]> _filter = new("--filter")
    {
        Description = "Which operations, as CLASS.METHOD with * and ?; repeated for several. By default all.",
        HelpName = "PATTERN",
        DefaultValueFactory = _ => ["*"],
    };

    private readonly Option<bool> _smoke =
        new("--smoke") { Description = "Each operation once, to see that it works; the times mean nothing." };
    private readonly Option<string?> _json = new("--json") { Description = "Write the result to this file as JSON; - "
        + "prints it, and nothing else.", HelpName = "FILE" };

    /// <summary>Creates the command.</summary>
    public MicroCommand() : base("micro",
        "Measures single operations in this process: codecs, the receive window, packing, a visit of the token, group "
        + "messages, the\n"
        + "queue between threads. Times are ratios to the copying of a frame; allocated bytes are part of the result.")
    {
        foreach (var option in (Option[])[_filter, _smoke, _json])
            Add(option);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken _)
    {
        var (output, error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
        var report = MicroBench.Run(parsed.GetValue(_filter)!, parsed.GetValue(_smoke), error);
        if (report.Micro.Count < 2)
            throw new CommandFailedException(
                ExitCode.Usage, "--filter: no operation has such a name; PackingBenchmarks.* is an example");
        var json = parsed.GetValue(_json);
        var text = JsonSerializer.Serialize(report, MicroReportJson.Default.MicroReport);
        if (json == "-")
            await output.WriteLineAsync(text).ConfigureAwait(false);
        else if (json is not null)
            await File.WriteAllTextAsync(json, text + "\n", CancellationToken.None).ConfigureAwait(false);
        if (json != "-")
            MicroTable.Write(report, output);
        return ExitCode.Ok;
    }
}
