using Totem.Core.Diagnostics;
using Totem.Core.Time;

namespace Totem.Transport.Udp.Operation;

/// <summary>
/// Watches a member's changes of membership and writes a <see cref="ChangeRecord"/> of each, the last
/// <see cref="RecordsMax"/> of which it keeps. The ring's thread; <see cref="Records"/> is for all.
/// </summary>
internal sealed class ChangeWitness(
    ProcessorId self, TimeSpan tokenTimeout, Vitals vitals, Func<ProcessorId, Instant?> lastHeard,
    Func<bool> isInterfaceDown, Func<Instant, DateTimeOffset> dateOf)
{
    /// <summary>How many records are kept.</summary>
    public const int RecordsMax = 64;

    private const int LinksMax = 16;

    private readonly List<BrokenLink> _links = [];
    private readonly Queue<ChangeFacts> _installed = new();
    private volatile ChangeRecord[] _records = [];
    private long _count;
    private Instant? _gatheredAt;
    private Instant _committedAt;
    private Instant _recoveredAt;
    private ProcessorId _noticedBy;
    private int _attempts;
    private int _tokensSentAgain;
    private int? _lackedBytes;

    /// <summary>The last changes, the oldest first. Any thread.</summary>
    public IReadOnlyList<ChangeRecord> Records => _records;

    /// <summary>How many there were in all. Any thread.</summary>
    public long Count => Volatile.Read(ref _count);

    /// <summary>The record of a ring's installation; null when it is too long ago, or not written yet. Any
    /// thread.</summary>
    public ChangeRecord? Find(RingId ring) => Array.FindLast(_records, x => x.Ring == ring);

    /// <summary>A token has come.</summary>
    public void NoteToken() => _tokensSentAgain = 0;

    /// <summary>Anything rarer than a token.</summary>
    public void OnEvent(in RingEvent ringEvent, Instant now)
    {
        switch (ringEvent.Kind)
        {
            case RingEventKind.TokenRetransmitted:
                _tokensSentAgain++;
                break;
            case RingEventKind.MemberSuspected when ringEvent.Count > 0:
                _lackedBytes = ringEvent.Count;
                break;
            case RingEventKind.LinkBroken when _links.Count < LinksMax:
                var link = new BrokenLink(ringEvent.Peer, ringEvent.OtherPeer);
                if (!_links.Contains(link))
                    _links.Add(link);
                break;
            case RingEventKind.EnteredGather when _gatheredAt is null:
                _gatheredAt = now;
                // A call of another member says that it was first; everything else we have noticed ourselves.
                _noticedBy = ringEvent.Reason is GatherReason.JoinReceived or GatherReason.MemberGivenUp
                    && !ringEvent.Peer.IsNone ? ringEvent.Peer : self;
                break;
            case RingEventKind.EnteredCommit:
                _attempts++;
                _committedAt = now;
                break;
            case RingEventKind.EnteredRecovery:
                _recoveredAt = now;
                break;
            case RingEventKind.EnteredOperational:
                Install(ringEvent.Ring, now);
                break;
            default:
                break;
        }
    }

    /// <summary>The change has its place in the order: its record is written.</summary>
    public void OnChange(ConfigurationChange change)
    {
        var ring = change.Configuration.Ring;
        while (_installed.TryDequeue(out var facts))
        {
            // One that was not delivered is nobody's change.
            if (facts.Ring != ring)
                continue;
            Write(facts, change);
            return;
        }
    }

    private void Install(RingId ring, Instant now)
    {
        var gatheredAt = _gatheredAt ?? now;
        var before = new Instant(gatheredAt.Ticks - (2 * tokenTimeout.Ticks));
        var since = vitals.Since(before);
        // The application may be that many changes behind, and no more.
        if (_installed.Count > RecordsMax)
            _installed.Dequeue();
        _installed.Enqueue(new ChangeFacts
        {
            Self = self,
            Ring = ring,
            NoticedBy = _noticedBy,
            GatheredAt = gatheredAt,
            InstalledAt = now,
            Phases = new ChangePhases(
                _committedAt - gatheredAt, _recoveredAt - _committedAt, now - _recoveredAt, _attempts),
            TokensSentAgain = _tokensSentAgain,
            BrokenLinks = [.. _links],
            LackedFrameBytes = _lackedBytes,
            Pause = vitals.LongestSince(before),
            DatagramsDropped = since.Dropped,
            DatagramsUnsent = since.Unsent,
        });
        vitals.Forget();
        (_gatheredAt, _attempts, _tokensSentAgain, _lackedBytes) = (null, 0, 0, null);
        _links.Clear();
    }

    private void Write(ChangeFacts facts, ConfigurationChange change)
    {
        var silences = change.Cause.Left.Select(x => SilenceOf(x, facts)).ToList();
        // It costs a call of the system or two, and only a member that is alone has reason to ask.
        var isCutOff = !change.Cause.Left.IsEmpty && change.Configuration.Members.Count == 1 && isInterfaceDown();
        var (diagnosis, about) = Diagnosis.Of(facts, change, silences, isCutOff, tokenTimeout);
        var configuration = change.Configuration;
        var record = new ChangeRecord
        {
            Node = facts.Self,
            At = dateOf(facts.InstalledAt),
            Ring = configuration.Ring,
            PreviousRing = configuration.PreviousRing == default ? null : configuration.PreviousRing,
            Members = configuration.Members,
            Joined = change.Cause.Joined,
            Left = change.Cause.Left,
            Diagnosis = diagnosis,
            About = about,
            Reason = change.Cause.Reason,
            NoticedBy = facts.NoticedBy,
            LastHolder = change.Cause.LastHolder.IsNone ? null : change.Cause.LastHolder,
            Elapsed = change.Cause.Elapsed,
            TokensSentAgain = facts.TokensSentAgain,
            Silences = silences,
            BrokenLinks = facts.BrokenLinks,
            LackedFrameBytes = facts.LackedFrameBytes,
            Pause = facts.Pause,
            DatagramsDropped = facts.DatagramsDropped,
            DatagramsUnsent = facts.DatagramsUnsent,
            Phases = facts.Phases,
            TokenTimeout = tokenTimeout,
        };
        var kept = _records;
        _records = [.. kept.Skip(kept.Length - RecordsMax + 1), record];
        Volatile.Write(ref _count, _count + 1);
    }

    private MemberSilence SilenceOf(ProcessorId member, ChangeFacts facts) => lastHeard(member) is not { } at
        ? new MemberSilence(member, null, null)
        : new MemberSilence(
            member, dateOf(at), at < facts.InstalledAt ? facts.InstalledAt - at : TimeSpan.Zero);
}
