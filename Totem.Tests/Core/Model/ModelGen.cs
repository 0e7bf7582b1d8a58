using FsCheck;
using FsCheck.Fluent;
using Totem.Core.Model;

namespace Totem.Tests.Core.Model;

/// <summary>Generators of the model's values. Numbers are often extreme, and pairs of them often
/// close: bugs live there.</summary>
internal static class ModelGen
{
    /// <summary>Any 32 bits, often near 0, 2^31 and 2^32.</summary>
    public static Gen<uint> U32 { get; } = Gen.OneOf(
        Gen.Two(Gen.Choose(0, ushort.MaxValue)).Select(x => ((uint)x.Item1 << 16) | (uint)x.Item2),
        from corner in Gen.Elements(0u, 0x8000_0000u)
        from offset in Gen.Choose(-3, 3)
        select unchecked(corner + (uint)offset));

    /// <summary>Any 64 bits, often near 0, 2^63 and 2^64.</summary>
    public static Gen<ulong> U64 { get; } = Gen.OneOf(
        Gen.Two(U32).Select(x => ((ulong)x.Item1 << 32) | x.Item2),
        from corner in Gen.Elements(0ul, 0x8000_0000_0000_0000ul)
        from offset in Gen.Choose(-3, 3)
        select unchecked(corner + (ulong)offset));

    public static Gen<Seq> Seq { get; } = U32.Select(x => new Seq(x));

    public static Gen<TokenSeq> TokenSeq { get; } = U32.Select(x => new TokenSeq(x));

    /// <summary>A processor, half of the time one of eight, so that sets overlap.</summary>
    public static Gen<ProcessorId> ProcessorId { get; } =
        Gen.OneOf(Gen.Choose(1, 8).Select(x => (uint)x), U32.Where(x => x != 0)).Select(x => new ProcessorId(x));

    public static Gen<RingId> RingId { get; } =
        from representative in U32
        from sequence in U64
        select new RingId(new ProcessorId(representative), sequence);

    /// <summary>Up to as many processors as a set may hold, duplicates among them.</summary>
    public static Gen<ProcessorId[]> ProcessorIds { get; } =
        from count in Gen.Frequency((9, Gen.Choose(0, 9)), (1, Gen.Choose(0, Totem.ProcessorSet.MaxCount)))
        from ids in ProcessorId.ArrayOf(count)
        select ids;

    public static Gen<ProcessorSet> ProcessorSet { get; } = ProcessorIds.Select(x => Totem.ProcessorSet.Of(x));

    public static Gen<ProcessorSet> NonEmptyProcessorSet { get; } = ProcessorSet.Where(x => !x.IsEmpty);

    /// <summary>Two different processors, one of which does not hear the other.</summary>
    public static Gen<BrokenLink> BrokenLink { get; } =
        from ids in Gen.Two(ProcessorId)
        where ids.Item1 != ids.Item2
        select new Totem.BrokenLink(ids.Item1, ids.Item2);

    /// <summary>Checks a property on a thousand values; a failure is shrunk as far as the generator
    /// allows, and thrown.</summary>
    public static void Holds<T>(Gen<T> gen, Action<T> property) =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(1000), Prop.ForAll(gen.ToArbitrary(), property));
}
