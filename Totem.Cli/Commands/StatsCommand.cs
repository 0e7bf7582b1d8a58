using System.CommandLine;
using System.Text.Json;
using Totem.Cli.Operation;
using Totem.Cli.Output;
using Totem.CommandLine;

namespace Totem.Cli.Commands;

/// <summary><c>totem stats</c>.</summary>
internal sealed class StatsCommand : MemberCommand
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly Option<bool> _watch = new("--watch")
    {
        Description = "Print a line a second for each member, with rates, until it is stopped.",
    };

    public StatsCommand() : base("stats", "Show the counts of the members of this host since they were started.") =>
        Add(_watch);

    /// <inheritdoc />
    public override IReadOnlyList<(string CommandLine, string Does)> Examples =>
    [
        ("totem stats", "every count"),
        ("totem stats --watch", "what goes on now"),
    ];

    protected override string Request => "stats";

    protected override void Print(FoundMember member, TextWriter output)
    {
        output.WriteLine($"node {member.Status!.Node}");
        using var answer = JsonDocument.Parse(member.Answer!);
        foreach (var count in answer.RootElement.GetProperty("statistics").EnumerateObject())
            output.WriteLine($"  {count.Name,-26} {PlainText.Number(count.Value.GetDouble()),18}");
    }

    protected override async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        if (!parsed.GetValue(_watch))
            return await base.RunAsync(parsed, cancellationToken).ConfigureAwait(false);
        using var signals = new StopSignals();
        var finder = Finder(parsed);
        var (output, error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
        var before = new Dictionary<string, MemberStatus>(StringComparer.Ordinal);
        using var timer = new PeriodicTimer(Interval);
        try
        {
            do
            {
                var members = await finder.AskAsync(null, signals.Token).ConfigureAwait(false);
                if (members.Count == 0)
                {
                    await error.WriteLineAsync($"totem: {finder.Nobody}").ConfigureAwait(false);
                    return ExitCode.NoMember;
                }

                foreach (var member in members.Where(x => x.Status is not null))
                {
                    if (IsJson(parsed))
                        await output.WriteLineAsync(member.Answer).ConfigureAwait(false);
                    else if (before.TryGetValue(member.Path, out var last))
                        await output.WriteLineAsync(Line(last, member.Status!)).ConfigureAwait(false);
                    before[member.Path] = member.Status!;
                }

                await output.FlushAsync(signals.Token).ConfigureAwait(false);
            }
            while (await timer.WaitForNextTickAsync(signals.Token).ConfigureAwait(false));
        }
        catch (OperationCanceledException)
        {
            // Told to stop, which is how it ends.
        }

        return ExitCode.Ok;
    }

    private static string Line(MemberStatus last, MemberStatus now)
    {
        var seconds = Math.Max(0.001, (now.Time - last.Time).TotalSeconds);
        var (a, b) = (last.Statistics, now.Statistics);
        return $"{ClockTime.Of(now.Time)} node {now.Node} {now.MemberCount} members "
            + $"{PlainText.Number((b.MessagesDelivered - a.MessagesDelivered) / seconds)} delivered/s "
            + $"{PlainText.Bytes((b.BytesDelivered - a.BytesDelivered) / seconds)}/s "
            + $"{PlainText.Number((b.MessagesSent - a.MessagesSent) / seconds)} sent/s, round in "
            + $"{PlainText.Span(now.Rotation.Median)}, "
            + $"{PlainText.Number(b.MessagesRetransmitted - a.MessagesRetransmitted)} "
            + $"again, {PlainText.Number(b.DatagramsDropped - a.DatagramsDropped)} dropped, "
            + $"{PlainText.Number(now.Backlog)} wait";
    }
}
