namespace Totem.Transport.Udp.Operation;

/// <summary>Makes sense of what a member saw of a change: a pure function.</summary>
internal static class Diagnosis
{
    /// <summary>A frame longer than this is large. Tokens of a small ring, joins and probes are shorter, and a network
    /// that lost these too would have lost the ring's token.</summary>
    private const int LargeFrameBytes = 600;

    /// <summary>The diagnosis, and whom it is about.</summary>
    /// <param name="facts">All that this member saw.</param>
    /// <param name="change">The change, with the protocol's cause.</param>
    /// <param name="silences">Those that went.</param>
    /// <param name="isInterfaceDown">The interface with our address is down or gone.</param>
    /// <param name="tokenTimeout">The ring's.</param>
    public static (ChangeDiagnosis Diagnosis, ProcessorSet About) Of(
        ChangeFacts facts, ConfigurationChange change, IReadOnlyList<MemberSilence> silences, bool isInterfaceDown,
        TimeSpan tokenTimeout)
    {
        var self = ProcessorSet.Of(facts.Self);
        var cause = change.Cause;
        if (cause.Reason == GatherReason.StoodStill)
            return (OfPause(facts.Pause?.Kind), self);
        if (cause.Reason == GatherReason.ReaderStopped)
            return (ChangeDiagnosis.ReaderStopped, self);
        if (cause.Reason == GatherReason.Started && change.Cause.Left.IsEmpty)
            return (ChangeDiagnosis.Started, self);
        if (!change.Cause.Left.IsEmpty && change.Configuration.Members == self && isInterfaceDown)
            return (ChangeDiagnosis.InterfaceDown, self);
        if (change.Cause.Left.IsEmpty && !change.Cause.Joined.IsEmpty && cause.Reason != GatherReason.TokenLost)
            return (ChangeDiagnosis.Joined, change.Cause.Joined);
        if (cause.Reason == GatherReason.MemberLeft)
            return (ChangeDiagnosis.Left, cause.Suspects);
        if (cause.Reason == GatherReason.MemberUnreachable)
            return (ChangeDiagnosis.ProcessEnded, cause.Suspects);
        if (cause.Reason == GatherReason.MemberFailedToReceive)
        {
            return (facts.LackedFrameBytes >= LargeFrameBytes ? ChangeDiagnosis.LargeFramesLost
                : ChangeDiagnosis.FailedToReceive, cause.Suspects);
        }

        if (facts.BrokenLinks is [var link, ..])
            return (ChangeDiagnosis.LinkBroken, ProcessorSet.Of(link.Listener).With(link.Speaker));
        if (facts.DatagramsDropped > 0)
            return (ChangeDiagnosis.ReceiveOverflow, self);
        return OfSilence(change, silences, tokenTimeout);
    }

    private static ChangeDiagnosis OfPause(PauseKind? kind) => kind switch
    {
        PauseKind.GarbageCollection => ChangeDiagnosis.GarbageCollection,
        PauseKind.Starved => ChangeDiagnosis.Starved,
        PauseKind.Handler => ChangeDiagnosis.HandlerBlocked,
        _ => ChangeDiagnosis.Suspended,
    };

    private static (ChangeDiagnosis Diagnosis, ProcessorSet About) OfSilence(
        ConfigurationChange change, IReadOnlyList<MemberSilence> silences, TimeSpan tokenTimeout)
    {
        // A member that was heard until the end was not silent, but is gone for another reason.
        var silent = silences.Where(x => x.For is not { } length || length >= tokenTimeout / 2).ToList();
        var about = ProcessorSet.Of([.. silent.Select(x => x.Member)]);
        if (silent.Count == 1)
            return (ChangeDiagnosis.MemberSilent, about);
        // They went in one change, and while it went on none of them said a word.
        if (silent.Count > 1)
            return (ChangeDiagnosis.Parted, about);
        return change.Cause.Reason switch
        {
            GatherReason.MemberGivenUp => (ChangeDiagnosis.GivenUp, change.Cause.Suspects),
            GatherReason.TokenLost or GatherReason.CommitTokenLost or GatherReason.RecoveryTokenLost =>
                (ChangeDiagnosis.TokenLost, change.Cause.Suspects),
            _ => (ChangeDiagnosis.Other, change.Cause.Left),
        };
    }
}
