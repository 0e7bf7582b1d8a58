using FsCheck;
using FsCheck.Fluent;
using Totem.Core.Ordering;
using Totem.Tests.Core.Model;

namespace Totem.Tests.Core.Ordering;

/// <summary>The queue against a plain list of messages.</summary>
public sealed class SendQueueTests
{
    private const int BytesMax = 30_000;
    private const int MessagesMax = 100;

    /// <summary>The operation: 0–5 submit, 6–8 take, 9 rewind; and how many bytes.</summary>
    private static readonly Gen<(int What, int Bytes)[]> Runs =
        (from what in Gen.Choose(0, 9)
         from bytes in Gen.Frequency((8, Gen.Choose(0, 300)), (1, Gen.Choose(0, 9_000)))
         select (what, bytes)).ArrayOf(150);

    [Fact]
    public void It_gives_the_bytes_back_in_order_within_its_limits() => ModelGen.Holds(Runs, run =>
    {
        var queue = new SendQueue(BytesMax, MessagesMax, new TwoBytes());
        var model = new Queue<(byte[] Bytes, Guarantee Guarantee)>();
        var taken = 0;
        var number = 0;
        foreach (var (what, bytes) in run)
        {
            if (what <= 5)
                Submit(bytes);
            else if (what <= 8)
                Take(bytes);
            else
                Rewind();
            Assert.Equal(model.Count, queue.Count);
            Assert.Equal(model.Sum(x => x.Bytes.Length - 2), queue.UsedBytes);
            Assert.Equal(model.Count == MessagesMax ? 0 : BytesMax - queue.UsedBytes, queue.FreeBytes);
        }

        void Submit(int bytes)
        {
            var message = Enumerable.Range(0, bytes + 2).Select(x => (byte)(x * 7 + number)).ToArray();
            (message[0], message[1]) = (TwoBytes.Mark, (byte)number);
            var guarantee = (Guarantee)(number % 2);
            var fits = model.Count < MessagesMax && queue.UsedBytes + bytes <= BytesMax;
            Assert.Equal(fits, queue.TryEnqueue(
                new Envelope(MessageChannel.Ring, Kind: (byte)number++), message.AsSpan(2), guarantee));
            if (fits)
                model.Enqueue((message, guarantee));
        }

        void Take(int bytes)
        {
            if (!model.TryPeek(out var head))
                return;
            Assert.Equal(taken, queue.HeadOffset);
            Assert.Equal(head.Guarantee, queue.HeadGuarantee);
            Assert.Equal((head.Bytes.Length, head.Guarantee), queue.Peek(0));
            var piece = new byte[Math.Min(bytes, head.Bytes.Length - taken)];
            var isEnd = queue.TakeFromHead(piece);
            Assert.Equal(head.Bytes.AsSpan(taken, piece.Length).ToArray(), piece);
            taken += piece.Length;
            Assert.Equal(taken == head.Bytes.Length, isEnd);
            if (!isEnd)
                return;
            model.Dequeue();
            taken = 0;
        }

        void Rewind()
        {
            queue.Rewind();
            taken = 0;
        }
    });

    [Fact]
    public void Cleared_it_is_empty_and_takes_messages_again()
    {
        var queue = new SendQueue(BytesMax, MessagesMax, new TwoBytes());
        queue.TryEnqueue(default, new byte[BytesMax], Guarantee.Agreed);
        queue.TakeFromHead(new byte[10]);
        Assert.False(queue.TryEnqueue(default, [1], Guarantee.Agreed));
        queue.Clear();
        Assert.Equal((0, 0, 0), (queue.Count, queue.UsedBytes, queue.HeadOffset));
        Assert.True(queue.TryEnqueue(default, new byte[BytesMax], Guarantee.Agreed));
    }

    private sealed class TwoBytes : IEnvelopes
    {
        public const byte Mark = 0xEE;

        public int BytesOf(in Envelope envelope) => 2;

        public void Write(in Envelope envelope, int payloadBytes, Span<byte> destination) =>
            (destination[0], destination[1]) = (Mark, envelope.Kind);
    }
}
