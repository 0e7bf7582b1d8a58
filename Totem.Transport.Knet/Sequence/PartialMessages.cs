using Totem.Core.Diagnostics;

namespace Totem.Transport.Knet.Sequence;

/// <summary>The memory in which messages of all peers become whole: taken when the first fragment comes, kept for the
/// next message.</summary>
internal sealed class PartialMessages
{
    private readonly Stack<PartialMessage> _free = new();
    private int _rentedCount;

    public PartialMessage Rent(ushort seq, int count)
    {
        _rentedCount++;
        var message = _free.TryPop(out var kept) ? kept : new PartialMessage();
        message.Begin(seq, count);
        return message;
    }

    public void Return(PartialMessage message)
    {
        _rentedCount--;
        Invariant.That(_rentedCount >= 0, "no more messages are given back than were rented");
        _free.Push(message);
    }
}
