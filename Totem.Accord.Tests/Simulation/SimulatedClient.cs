using System.Buffers;
using System.Buffers.Binary;
using Totem.Accord.Clients;
using Totem.Accord.Wire;

namespace Totem.Accord.Tests.Simulation;

/// <summary>An append of a client: eight bytes that no other one has, put behind a value that all append to.</summary>
internal sealed record Append(ulong Value, long CalledAt)
{
    public long AnsweredAt { get; set; } = long.MaxValue;

    public ResultCode? Result { get; set; }
}

/// <summary>A client that appends to one value, reads it and watches it, all without waiting for answers.</summary>
internal sealed class SimulatedClient(
    AccordWorld world, SimulatedConductor conductor, int number, ArrayBufferWriter<byte> output, ClientSeat seat)
{
    public const string Path = "/log";

    private readonly Queue<(uint Id, Append? Append)> _waiting = [];
    private readonly List<ulong> _events = [];
    private uint _id;
    private int _taken;
    private bool _watches;

    public ClientSeat Seat => seat;

    public SimulatedConductor Conductor => conductor;

    public List<Append> Appends { get; } = [];

    /// <summary>The appends of which it was told by its watch, in order.</summary>
    public IReadOnlyList<ulong> Events => _events;

    /// <summary>The values that it has read.</summary>
    public List<(byte[] Value, ulong OwnBefore)> Reads { get; } = [];

    public bool IsClosed { get; private set; }

    public void Append()
    {
        var append = new Append(((ulong)number << 32) | (uint)Appends.Count, world.Cluster.NowTicks);
        Appends.Add(append);
        var data = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(data, append.Value);
        var flags = RequestOptions.Create | RequestOptions.Append;
        var request = TestRequest.Write(Path, data, flags, id: _id);
        // Now and then in a transaction that reads, and that is long enough to travel in parts.
        if (append.Value % 5 == 1)
        {
            request = TestRequest.Transaction(_id, request, TestRequest.Read(Path, 8));
        }
        else if (append.Value % 29 == 2)
        {
            request = TestRequest.Transaction(
                _id, TestRequest.Write("/long", new byte[700 << 10]), request);
        }

        Send(request, append);
    }

    public void Read() => Send(TestRequest.Read(Path, id: _id), null);

    public void Watch()
    {
        if (_watches)
            return;
        _watches = true;
        Send(TestRequest.Of(
            Opcode.AddWatch, _id, RequestOptions.None, 0, 0, TestRequest.Path(Path), TestRequest.Number(0xFF)), null);
    }

    public void Close()
    {
        conductor.Machine.HandleDisconnected(seat, world.Cluster.Now);
        HandleClosed();
    }

    /// <summary>The connection is over: answers to what waits will not come.</summary>
    public void HandleClosed()
    {
        IsClosed = true;
        conductor.Clients.Remove(this);
    }

    public void Receive()
    {
        while (output.WrittenCount - _taken >= 32)
        {
            var length = 32 + BitConverter.ToInt32(output.WrittenSpan[(_taken + 4)..]);
            Take(output.WrittenSpan.Slice(_taken, length));
            _taken += length;
        }
    }

    private void Send(byte[] request, Append? append)
    {
        _waiting.Enqueue((_id++, append));
        Assert.True(conductor.Machine.HandleRequest(seat, request, world.Cluster.Now));
        conductor.GiveOut();
    }

    private void Take(ReadOnlySpan<byte> message)
    {
        if (message[1] == 2)
        {
            if (message[21] == 0)
                _events.Add(BinaryPrimitives.ReadUInt64LittleEndian(message[^8..]));
            return;
        }

        // Answers come in order.
        var (id, append) = _waiting.Dequeue();
        Assert.Equal(id, BitConverter.ToUInt32(message[16..]));
        var result = (ResultCode)BitConverter.ToInt32(message[20..]);
        if (append is not null)
        {
            Assert.True(result is ResultCode.Success or ResultCode.Again, $"{result}");
            append.Result = result;
            append.AnsweredAt = world.Cluster.NowTicks;
        }
        else if (result == ResultCode.Success && message.Length > 36 && (message.Length - 36) % 8 == 0)
        {
            var own = Appends.LastOrDefault(x => x.Result == ResultCode.Success);
            Reads.Add((message[36..].ToArray(), own?.Value ?? ulong.MaxValue));
        }
    }
}
