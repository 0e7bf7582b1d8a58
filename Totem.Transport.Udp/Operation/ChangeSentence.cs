using System.Globalization;
using System.Text;

namespace Totem.Transport.Udp.Operation;

/// <summary>A <see cref="ChangeRecord"/> in one sentence: first what was behind the change, then who noticed it, then
/// the circumstances, then who came and went and how long it took.</summary>
internal static class ChangeSentence
{
    public static string Of(ChangeRecord record)
    {
        var text = new StringBuilder(Origin(record));
        foreach (var part in Circumstances(record))
            text.Append("; ").Append(part);
        return text.ToString();
    }

    private static string Origin(ChangeRecord x) => x.Diagnosis switch
    {
        ChangeDiagnosis.Started => $"node {x.Node} started",
        ChangeDiagnosis.Joined => $"{Nodes(x.About)} joined",
        ChangeDiagnosis.Left => $"{Nodes(x.About)} left in good order",
        ChangeDiagnosis.ProcessEnded => $"the process of {Nodes(x.About)} has ended: nobody listens at its port",
        ChangeDiagnosis.MemberSilent => $"{Nodes(x.About)} was silent for {Silence(x)}",
        ChangeDiagnosis.Parted => $"{Nodes(x.About)} fell silent together, so the network between has parted",
        ChangeDiagnosis.LinkBroken => $"{Links(x.BrokenLinks)}, although others hear both",
        ChangeDiagnosis.LargeFramesLost =>
            $"{Nodes(x.About)} failed to receive for {Seconds(x.Elapsed)}: large frames do not reach it, one of "
                + $"{Number(x.LackedFrameBytes!.Value)} bytes is missing",
        ChangeDiagnosis.FailedToReceive => $"{Nodes(x.About)} failed to receive for {Seconds(x.Elapsed)}",
        ChangeDiagnosis.TokenLost => LostToken(x),
        ChangeDiagnosis.GivenUp => $"node {x.NoticedBy} gave up {Nodes(x.About)}",
        ChangeDiagnosis.ReceiveOverflow =>
            $"receive buffers of this member overflowed: {Number(x.DatagramsDropped)} datagrams were dropped",
        ChangeDiagnosis.InterfaceDown => "the network interface of this member is down",
        ChangeDiagnosis.Suspended => $"this member was not running for {Paused(x)}: its process or machine was stopped",
        ChangeDiagnosis.GarbageCollection =>
            $"this member was not running for {Paused(x)}: garbage collection stopped it for "
                + $"{Seconds(x.Pause!.GarbageCollection)}",
        ChangeDiagnosis.Starved => $"this member was not running for {Paused(x)}: it got no core for "
            + $"{Seconds(x.Pause!.WaitedForCore)}",
        ChangeDiagnosis.HandlerBlocked =>
            $"this member was not running for {Paused(x)}: a handler of its application did not return",
        ChangeDiagnosis.ReaderStopped => "the application of this member has stopped reading",
        _ => $"the membership changed ({x.Reason})",
    };

    private static IEnumerable<string> Circumstances(ChangeRecord x)
    {
        if (x.Diagnosis is not (ChangeDiagnosis.Started or ChangeDiagnosis.GivenUp))
            yield return x.NoticedBy == x.Node ? "noticed here" : $"noticed by node {x.NoticedBy}";
        if (x.Diagnosis is ChangeDiagnosis.MemberSilent or ChangeDiagnosis.Parted && x.Reason == GatherReason.TokenLost)
            yield return LostToken(x);
        if (x.Pause is { } pause && x.Reason != GatherReason.StoodStill && pause.Length >= x.TokenTimeout / 4)
            yield return $"this member itself stood still for {Seconds(pause.Length)} ({pause.Kind})";
        if (x.DatagramsDropped > 0 && x.Diagnosis != ChangeDiagnosis.ReceiveOverflow)
            yield return $"its receive buffers dropped {Number(x.DatagramsDropped)} datagrams";
        if (x.DatagramsUnsent > 0)
            yield return $"its system did not send {Number(x.DatagramsUnsent)} datagrams";
        if (!x.Left.IsEmpty && !(x.Diagnosis == ChangeDiagnosis.Left && x.Left.IsSubsetOf(x.About)))
            yield return $"{Nodes(x.Left)} went";
        if (!x.Joined.IsEmpty && x.Diagnosis is not (ChangeDiagnosis.Joined or ChangeDiagnosis.Started))
            yield return $"{Nodes(x.Joined)} came";
        yield return $"ring {x.Ring} of {Number(x.Members.Count)} after {Seconds(x.Phases.Gather + x.Phases.Commit
            + x.Phases.Recovery)} (gather {Seconds(x.Phases.Gather)}, commit {Seconds(x.Phases.Commit)}, recovery "
            + $"{Seconds(x.Phases.Recovery)}{Attempts(x.Phases.Attempts)})";
    }

    private static string LostToken(ChangeRecord x)
    {
        var between = x.LastHolder is { IsNone: false } holder && !x.About.IsEmpty
            ? $" between {holder} and {x.About.Lowest}" : "";
        var again = x.TokensSentAgain > 0 ? $", sent {Number(x.TokensSentAgain)} times again" : "";
        return $"the token was lost{between} for {Seconds(x.Elapsed)}{again}";
    }

    private static string Silence(ChangeRecord x) =>
        x.Silences.First(y => x.About.Contains(y.Member)).For is { } length ? Seconds(length) : "ever";

    private static string Paused(ChangeRecord x) => Seconds(x.Pause?.Length ?? x.Elapsed);

    private static string Attempts(int count) => count > 1 ? $", {Number(count)} attempts" : "";

    private static string Links(IEnumerable<BrokenLink> links) =>
        string.Join(", ", links.Select(x => $"node {x.Listener} does not hear node {x.Speaker}"));

    private static string Nodes(ProcessorSet nodes) =>
        (nodes.Count == 1 ? "node " : "nodes ") + string.Join(", ", nodes);

    private static string Seconds(TimeSpan length) =>
        length.TotalSeconds.ToString(length.TotalSeconds < 0.1 ? "0.000 s" : "0.00 s", CultureInfo.InvariantCulture);

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
