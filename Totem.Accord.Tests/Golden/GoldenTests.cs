using Totem.Accord.Tests.Captures;
using Totem.Accord.Tests.Model;

namespace Totem.Accord.Tests.Golden;

/// <summary>
/// Every recorded exchange, replayed to the machines of one and of three conductors: answers and events are those of
/// the original to the byte, but for the clients' ids. Notices that clients come and go have an order of their own
/// (ACCORD §9), and are compared apart.
/// </summary>
public sealed class GoldenTests
{
    public static TheoryData<string, int, int> Cases
    {
        get
        {
            var cases = new TheoryData<string, int, int>();
            foreach (var name in (string[])["io", "aio", "txn", "watch"])
            {
                cases.Add(name, 1, 0);
                for (var at = 0; at < 3; at++)
                    cases.Add(name, 3, at);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Answers_and_events_are_those_of_the_original(string name, int conductors, int clientsAt)
    {
        var group = new ModelGroup(conductors);
        var ids = new Dictionary<ulong, ulong>();
        var open = new Dictionary<int, ModelClient>();
        var ended = new Queue<int>();
        var count = 0;
        var captured = CapturedMessage.Load(name);
        // Paths that earlier recordings had left behind.
        foreach (var path in LeftBehind(captured))
            Prepare(group, group[clientsAt], path);
        for (var number = 0; number <= captured.Max(x => x.Connection); number++)
        {
            var exchange = captured.Where(x => x.Connection == number).ToList();
            if (ended.Count > 0 && !SeesItsForerunner(exchange))
                End();
            var client = open[number] = group[clientsAt].Connect(group.Now);
            group.Settle();
            if (ended.Count > 0)
                End();
            group.Pass(TimeSpan.FromMilliseconds(6));
            var received = Replay(exchange, client, group);
            Assert.Equal(
                exchange.Where(x => x.Kind != CapturedKind.Request && !x.IsMembership && x.Bytes.Length > 0)
                    .Select(x => Convert.ToHexString(x.Bytes)),
                received.Where(x => x[1] != 2 || x[21] == 0).Select(Convert.ToHexString), StringComparer.Ordinal);
            Assert.Equal(
                exchange.Where(x => x.IsMembership).Select(x => Translated(x.Bytes)),
                received.Where(x => x[1] == 2 && x[21] != 0).Select(Convert.ToHexString), StringComparer.Ordinal);
            count += received.Count;
            ended.Enqueue(number);
        }

        Assert.True(count > 60, $"{count} messages");
        Assert.All(group.All, x => Assert.Equal(group[0].Machine.State.Digest(), x.Machine.State.Digest()));
        Assert.All(group.All, x => Assert.Equal(0, x.Machine.MalformedCount));

        void End()
        {
            while (ended.TryDequeue(out var earlier))
                open[earlier].Close(group.Now);
            group.Settle();
        }

        string Translated(byte[] bytes)
        {
            var copy = bytes.ToArray();
            Translate(copy.AsSpan(36, 8));
            for (var at = 48; at < copy.Length; at += 8)
                Translate(copy.AsSpan(at, 8));
            return Convert.ToHexString(copy);
        }

        // The original's ids are its node's and a counter; ours too, from another beginning.
        void Translate(Span<byte> id)
        {
            var original = BitConverter.ToUInt64(id);
            if (!ids.TryGetValue(original, out var ours))
                ids.Add(original, ours = group[clientsAt].Node.Value | ((ulong)ids.Count << 32));
            BitConverter.TryWriteBytes(id, ours);
        }
    }

    // A connection whose first notice has the one before it on the list came before that one was seen to end.
    private static bool SeesItsForerunner(List<CapturedMessage> exchange) =>
        BitConverter.ToInt32(exchange.First(x => x.IsMembership).Bytes, 44) > 8;

    private static List<byte[]> Replay(List<CapturedMessage> exchange, ModelClient client, ModelGroup group)
    {
        // The library sends a request as soon as its application has it: several may be on their way.
        var received = new List<byte[]>();
        for (var i = 0; i < exchange.Count; i++)
        {
            if (exchange[i].Kind != CapturedKind.Request)
                continue;
            Assert.True(client.Send(exchange[i].Bytes, group.Now));
            if (i + 1 == exchange.Count || exchange[i + 1].Kind != CapturedKind.Request)
            {
                group.Settle();
                received.AddRange(client.Take());
            }
        }

        return received;
    }

    private static IEnumerable<byte[]> LeftBehind(IReadOnlyList<CapturedMessage> captured)
    {
        // The first answer of each test program lists what is there.
        var list = captured.First(x => x.Kind == CapturedKind.Response).Bytes;
        if (list.Length <= 36)
            yield break;
        foreach (var path in System.Text.Encoding.UTF8.GetString(list, 36, list.Length - 36)
            .Split('\0', StringSplitOptions.RemoveEmptyEntries))
            yield return TestRequest.Write(path, "left behind"u8);
    }

    private static void Prepare(ModelGroup group, ModelConductor conductor, byte[] request)
    {
        // Without a client, so that ids begin where the recording begins.
        Assert.Equal(Totem.Accord.Wire.ResultCode.Success, Totem.Accord.Wire.Request.TryRead(request, out _));
        foreach (var each in group.All)
            each.Machine.State.Store.Set(
                request.AsSpan(36, BitConverter.ToInt32(request, 32)),
                Totem.Accord.Store.StoredValue.Of("left behind"u8));
        Assert.NotNull(conductor);
    }
}
