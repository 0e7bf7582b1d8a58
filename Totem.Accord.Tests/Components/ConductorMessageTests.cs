using Totem.Accord.Components;
using Totem.Accord.Tests.Model;
using Totem.Simulation.Model;

namespace Totem.Accord.Tests.Components;

public sealed class ConductorMessageTests
{
    private static readonly StateReport Report = new()
    {
        Conductor = new ConductorId(new ProcessorId(3), 0x1234567890),
        Component = new ComponentId(7, new RingId(new ProcessorId(1), 44)),
        Position = 123_456,
        IsBehind = true,
        Knowing = [new ConductorId(new ProcessorId(2), 8)],
        Voters = [new ConductorId(new ProcessorId(1), 5), new ConductorId(new ProcessorId(3), 6)],
        VotersBehindHeld = [new ConductorId(new ProcessorId(1), 5)],
        VotersWanted = 3,
        Held = [new BatchName(new ProcessorId(1), 9), new BatchName(new ProcessorId(2), 4)],
        Address = "10.0.0.3:4000",
    };

    private static readonly ExchangeTag Tag = new(new RingId(new ProcessorId(1), 48), 77);

    [Fact]
    public void A_report_is_read_as_it_was_written()
    {
        var bytes = ConductorMessage.Encode(Tag, Report);
        Assert.True(ConductorMessage.TryRead(bytes, out var tag, out var report));
        Assert.Equal(Tag, tag);
        Assert.Equivalent(Report, report, strict: true);
        for (var length = 0; length < bytes.Length; length++)
            Assert.False(ConductorMessage.TryRead(bytes.AsSpan(0, length), out _, out _));
        Assert.False(ConductorMessage.TryRead([.. bytes, 0], out _, out _));
    }

    [Fact]
    public void No_bytes_of_another_conductor_throw_and_all_take_them_alike()
    {
        var random = new SimulationRandom(17);
        var group = new ModelGroup(2);
        var client = group[0].Connect(group.Now);
        group.Settle();
        client.Send(TestRequest.Write("/a", "x"u8), group.Now);
        var report = ConductorMessage.Encode(Tag, Report);
        var batch = new byte[BatchHeader.LengthBytes + 3 * 60];
        for (var i = 0; i < 100_000; i++)
        {
            byte[] bytes;
            if (random.Chance(0.3))
            {
                bytes = [.. report];
                bytes[random.Below(bytes.Length)] = (byte)random.Next();
            }
            else
            {
                bytes = DrawBatch(random, group[0].Machine.State.Component, batch);
            }

            foreach (var conductor in group.All)
                conductor.Machine.HandleMessage(new ProcessorId(9), bytes, group.Now);
        }

        Assert.Equal(group[0].Machine.State.Digest(), group[1].Machine.State.Digest());
        Assert.True(group[0].Machine.MalformedCount > 10_000);
        Assert.Equal(group[0].Machine.MalformedCount, group[1].Machine.MalformedCount);
        Assert.True(group[0].Machine.IsServing);
        group.Settle();
        Assert.Contains(client.Take(), x => x[1] == 1);
    }

    private static byte[] DrawBatch(SimulationRandom random, ComponentId component, byte[] bytes)
    {
        for (var i = 0; i < bytes.Length; i++)
            bytes[i] = (byte)(random.Chance(0.8) ? 0 : random.Next());
        new BatchHeader(component, random.Next(), 3).Write(bytes);
        var at = BatchHeader.LengthBytes;
        for (var entry = 0; entry < 3; entry++)
        {
            var request = TestRequest.Write("/" + random.Below(3), "some data"u8);
            if (random.Chance(0.5))
                request[random.Below(request.Length)] = (byte)random.Next();
            bytes[at] = (byte)random.Below(10);
            BitConverter.TryWriteBytes(bytes.AsSpan(at + 4), random.Chance(0.9) ? 52 : (int)random.Next());
            if (random.Chance(0.8))
                request.CopyTo(bytes, at + BatchHeader.EntryHeaderBytes);
            at += 60;
        }

        return bytes;
    }
}
