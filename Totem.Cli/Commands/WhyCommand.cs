using System.CommandLine;
using System.Text.Json;
using Totem.Cli.Operation;
using Totem.Cli.Output;
using Totem.CommandLine;

namespace Totem.Cli.Commands;

/// <summary><c>totem why</c>.</summary>
internal sealed class WhyCommand : MemberCommand
{
    private const int CountMax = 64;

    private readonly Option<int> _count = Ranged.Number("--count", "How many changes, the last ones.", 10, 1, CountMax);
    private int _asked = CountMax;

    public WhyCommand() : base(
        "why", "Show why the membership changed, as each member of this host saw it: what was behind the change, who\n"
            + "noticed, since when who was silent, and how long it took. A member keeps its last 64 changes.") =>
        Add(_count);

    /// <inheritdoc />
    public override IReadOnlyList<(string CommandLine, string Does)> Examples =>
    [
        ("totem why", "the last ten changes of each member of this host"),
        ("totem why --node 3 --count 1", "the last change, as member 3 saw it"),
        ("totem why --json | jq '.changes[-1].diagnosis'", "for programs"),
    ];

    protected override string Request => $"why {_asked}";

    protected override Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        _asked = parsed.GetValue(_count);
        return base.RunAsync(parsed, cancellationToken);
    }

    protected override void Print(FoundMember member, TextWriter output)
    {
        output.WriteLine($"node {member.Status!.Node}");
        using var answer = JsonDocument.Parse(member.Answer!);
        foreach (var change in answer.RootElement.GetProperty("changes").EnumerateArray())
        {
            var at = change.GetProperty("at").GetDateTimeOffset();
            output.WriteLine($"  {ClockTime.Of(at)} "
                + $"{PlainText.Safe(change.GetProperty("sentence").GetString() ?? "")}");
        }
    }
}
