using System.Globalization;
using System.Text;

namespace Totem;

/// <summary>A configuration is installed. It stands between the messages it separates, in the same
/// order at every member.</summary>
/// <param name="Configuration">The configuration that is installed.</param>
/// <param name="Joined">Members that were not in the configuration before.</param>
/// <param name="Left">Members of the configuration before that are not in this one.</param>
/// <param name="Cause">Why the membership changed, as far as this processor knows.</param>
public sealed record ConfigurationChange(
    Configuration Configuration, ProcessorSet Joined, ProcessorSet Left, ConfigurationCause Cause);

/// <summary>Why the membership changed, seen from one processor. Two members may know different
/// causes of one change.</summary>
/// <param name="Reason">The first event that made this processor look for a new ring.</param>
/// <param name="Suspects">The processors that the reason is about: those lost, gone or heard; may be empty.</param>
/// <param name="LastHolder">Token lost: the last processor that is known to have had it; else nobody.</param>
/// <param name="Elapsed">How long the ring had been quiet: since the last token; how long our process stood still; or
/// zero where time plays no part.</param>
/// <param name="Joined">The processors that came in with this change.</param>
/// <param name="Left">The processors that went with this change.</param>
public sealed record ConfigurationCause(
    GatherReason Reason,
    ProcessorSet Suspects,
    ProcessorId LastHolder,
    TimeSpan Elapsed,
    ProcessorSet Joined,
    ProcessorSet Left)
{
    /// <summary>One line for people: <c>token lost between 2 and 3 after 1.02 s</c>, <c>node 4 joined</c>.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(Why());
        if (Reason is not (GatherReason.MemberLeft or GatherReason.MemberUnreachable or GatherReason.MemberGivenUp)
            || !Left.IsSubsetOf(Suspects))
            AppendNodes(text, Left, "left");
        AppendNodes(text, Joined, "joined");
        return text.ToString();
    }

    private string Why() => Reason switch
    {
        GatherReason.Started => "started",
        GatherReason.TokenLost when !LastHolder.IsNone && !Suspects.IsEmpty =>
            $"token lost between {LastHolder} and {Suspects.Lowest} after {Seconds}",
        GatherReason.TokenLost => $"token lost after {Seconds}",
        GatherReason.CommitTokenLost => "commit token lost",
        GatherReason.RecoveryTokenLost => "token lost in recovery",
        GatherReason.ForeignMessage or GatherReason.MergeDetected => $"heard {Nodes(Suspects)} on another ring",
        GatherReason.JoinReceived => $"called by {Nodes(Suspects)}",
        GatherReason.MemberLeft => $"{Nodes(Suspects)} left",
        GatherReason.MemberUnreachable => $"nobody listens at {Nodes(Suspects)} any more",
        GatherReason.MemberGivenUp => $"another member gave up {Nodes(Suspects)}",
        GatherReason.MemberFailedToReceive => $"{Nodes(Suspects)} failed to receive for {Seconds}",
        GatherReason.ReaderStopped => $"the application of {Nodes(Suspects)} stopped reading",
        GatherReason.StoodStill => $"this process stood still for {Seconds}",
        _ => "consensus timeout",
    };

    private string Seconds => Elapsed.TotalSeconds.ToString("0.00 s", CultureInfo.InvariantCulture);

    private static string Nodes(ProcessorSet nodes) =>
        (nodes.Count == 1 ? "node " : "nodes ") + string.Join(", ", nodes);

    private static void AppendNodes(StringBuilder text, ProcessorSet nodes, string verb)
    {
        if (!nodes.IsEmpty)
            text.Append("; ").Append(Nodes(nodes)).Append(' ').Append(verb);
    }
}
