using System.Globalization;
using Totem.Accord.Execution;
using Totem.Accord.Store;
using Totem.Accord.Tests.Captures;
using Totem.Accord.Wire;
using Totem.Simulation.Model;

namespace Totem.Accord.Tests.Wire;

/// <summary>No bytes of a client throw. <c>TOTEM_ACCORD_FUZZ</c> says how many messages are made.</summary>
public sealed class RequestFuzzTests
{
    private static readonly long Count = long.Parse(
        Environment.GetEnvironmentVariable("TOTEM_ACCORD_FUZZ") ?? "300000", CultureInfo.InvariantCulture);

    [Fact]
    public void Mutated_requests_are_refused_or_executed()
    {
        var seeds = ((string[])["io", "aio", "txn", "watch"]).SelectMany(CapturedMessage.Load)
            .Where(x => x.Kind == CapturedKind.Request).Select(x => x.Bytes).ToArray();
        var random = new SimulationRandom(20261130);
        var executor = new StoreExecutor(new ReplicatedStore());
        var results = new Dictionary<ResultCode, long>();
        var buffer = new byte[4096];
        for (var i = 0L; i < Count; i++)
        {
            var length = Mutate(random, seeds, buffer);
            var result = Request.TryRead(buffer.AsSpan(0, length), out var request);
            results[result] = results.GetValueOrDefault(result) + 1;
            if (result == ResultCode.Success && request.Opcode is not (Opcode.AddWatch or Opcode.RemoveWatch))
                executor.Execute(request, wantsAnswer: true);
        }

        // Both roads were gone.
        Assert.True(results[ResultCode.Success] > Count / 20, $"{results[ResultCode.Success]} passed");
        Assert.True(results[ResultCode.Message] > Count / 20, $"{results[ResultCode.Message]} were refused");
        Assert.True(results.ContainsKey(ResultCode.Store));
    }

    private static int Mutate(SimulationRandom random, byte[][] seeds, byte[] buffer)
    {
        var seed = random.Pick<byte[]>(seeds);
        seed.CopyTo(buffer, 0);
        var length = seed.Length;
        for (var changes = random.Below(4); changes > 0; changes--)
        {
            switch (random.Below(5))
            {
                case 0:
                    buffer[random.Below(length)] = (byte)random.Next();
                    break;
                case 1:
                    buffer[random.Below(length)] ^= (byte)(1 << random.Below(8));
                    break;
                case 2:
                    length = random.Below(length) + 1;
                    break;
                case 3:
                    BitConverter.TryWriteBytes(
                        buffer.AsSpan(random.Below(Math.Max(1, length - 4))),
                        (uint)(random.Next() >> random.Below(60)));
                    break;
                default:
                    length = Math.Min(buffer.Length, length + random.Below(8));
                    break;
            }
        }

        // Else nearly all of them would be refused for their length alone.
        if (random.Chance(0.5) && length >= MessageHeader.LengthBytes)
            BitConverter.TryWriteBytes(
                buffer.AsSpan(MessageHeader.DataLengthAt), (uint)(length - MessageHeader.LengthBytes));
        return length;
    }
}
