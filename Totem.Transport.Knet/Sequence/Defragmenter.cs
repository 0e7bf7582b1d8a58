using Totem.Core.Diagnostics;
using Totem.Transport.Knet.Diagnostics;
using Totem.Transport.Knet.Wire;

namespace Totem.Transport.Knet.Sequence;

/// <summary>The messages of one peer that are not whole yet: at most 32, none of them more than 32 numbers behind the
/// latest.</summary>
internal sealed class Defragmenter(SequenceWindow window, PartialMessages pool, KnetCounters counters)
{
    public const int PartialCountMax = 32;

    /// <summary>How many newer messages may pass a message that is not whole.</summary>
    public const int NewerCountMax = 32;

    private readonly List<PartialMessage> _partials = new(PartialCountMax);
    private PartialMessage? _whole;
    private long _touches;

    public int PartialCount => _partials.Count;

    /// <summary>Gives up what is too far behind the latest number. Before each look at the window.</summary>
    public void AbandonOld()
    {
        for (var i = _partials.Count - 1; i >= 0; i--)
        {
            if (window.BehindReference(_partials[i].Seq) > NewerCountMax)
                Abandon(i);
        }
    }

    /// <summary>Gives everything up: the peer's numbers begin anew.</summary>
    public void AbandonAll()
    {
        while (_partials.Count > 0)
            Abandon(_partials.Count - 1);
    }

    /// <summary>Adds a fragment, whose numbers the decoder has checked.</summary>
    /// <param name="data">Its header.</param>
    /// <param name="fragment">Its part of the message.</param>
    /// <param name="message">The whole message, valid until the next call, when this was the last fragment that
    /// missed.</param>
    public bool TryComplete(scoped in DataHeader data, ReadOnlySpan<byte> fragment, out ReadOnlySpan<byte> message)
    {
        message = default;
        ReleaseWhole();
        var partial = Find(data.Seq) ?? Begin(in data);
        if (partial is null)
        {
            counters.Count(KnetDiscard.LateFragment);
            return false;
        }

        partial.TouchedAt = ++_touches;
        switch (partial.Add(data.Fragment, data.FragmentCount, fragment))
        {
            case FragmentResult.Whole:
                _partials.Remove(partial);
                _whole = partial;
                message = partial.Message;
                return true;
            case FragmentResult.Repeated:
                counters.Count(KnetDiscard.Duplicate);
                return false;
            case FragmentResult.Contradiction:
                counters.Count(KnetDiscard.BadFragment);
                return false;
            default:
                return false;
        }
    }

    private PartialMessage? Find(ushort seq)
    {
        foreach (var partial in _partials)
        {
            if (partial.Seq == seq)
                return partial;
        }

        return null;
    }

    private PartialMessage? Begin(in DataHeader data)
    {
        AbandonOld();
        if (!window.IsNotBegun(data.Seq))
            return null;
        window.MarkBegun(data.Seq);
        if (_partials.Count == PartialCountMax)
            Abandon(LeastTouched());
        var partial = pool.Rent(data.Seq, data.FragmentCount);
        _partials.Add(partial);
        Invariant.That(_partials.Count <= PartialCountMax, "no more messages are in pieces than the limit");
        return partial;
    }

    private int LeastTouched()
    {
        var least = 0;
        for (var i = 1; i < _partials.Count; i++)
        {
            if (_partials[i].TouchedAt < _partials[least].TouchedAt)
                least = i;
        }

        return least;
    }

    private void Abandon(int index)
    {
        pool.Return(_partials[index]);
        _partials.RemoveAt(index);
        counters.Count(KnetDiscard.AbandonedMessage);
    }

    private void ReleaseWhole()
    {
        if (_whole is null)
            return;
        pool.Return(_whole);
        _whole = null;
    }
}
