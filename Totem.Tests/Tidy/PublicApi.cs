using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Totem.Tests.Tidy;

/// <summary>
/// The public face of an assembly as text: one line a member, sorted, so that a change shows in a diff. Members that
/// the compiler adds to a record (equality, printing, deconstruction) are not listed; those that a type's author wrote
/// are.
/// </summary>
internal static class PublicApi
{
    private const BindingFlags Declared =
        BindingFlags.DeclaredOnly | BindingFlags.Public | BindingFlags.NonPublic
        | BindingFlags.Instance | BindingFlags.Static;

    private static readonly Dictionary<Type, string> Keywords = new()
    {
        [typeof(void)] = "void", [typeof(bool)] = "bool", [typeof(byte)] = "byte", [typeof(char)] = "char",
            [typeof(short)] = "short",
        [typeof(ushort)] = "ushort", [typeof(int)] = "int", [typeof(uint)] = "uint", [typeof(long)] = "long",
        [typeof(ulong)] = "ulong",
        [typeof(double)] = "double", [typeof(string)] = "string", [typeof(object)] = "object",
    };

    public static IReadOnlyList<string> Describe(Assembly assembly) =>
        [.. assembly.GetExportedTypes().SelectMany(Describe).Order(StringComparer.Ordinal)];

    private static IEnumerable<string> Describe(Type type)
    {
        yield return $"{Name(type)}: {Kind(type)}{Bases(type)}";
        if (type.IsEnum)
        {
            foreach (var name in Enum.GetNames(type))
                yield return $"{Name(type)}.{name} = "
                    + $"{Convert.ToInt64(Enum.Parse(type, name), CultureInfo.InvariantCulture)}";
            yield break;
        }

        if (typeof(Delegate).IsAssignableFrom(type))
        {
            yield return Method(type, type.GetMethod("Invoke")!);
            yield break;
        }

        foreach (var member in type.GetMembers(Declared).Where(x => !IsCompilerMade(x)))
        {
            if (Member(type, member) is { } line)
                yield return line;
        }
    }

    private static string? Member(Type type, MemberInfo member) => member switch
    {
        ConstructorInfo x when IsVisible(x) => $"{Name(type)}({Parameters(x)})",
        MethodInfo x when IsVisible(x) && (!x.IsSpecialName || x.Name.StartsWith("op_", StringComparison.Ordinal)) =>
            Method(type, x),
        PropertyInfo x when IsVisible(x.GetMethod) || IsVisible(x.SetMethod) => Property(type, x),
        EventInfo x when IsVisible(x.AddMethod) => $"{Name(type)}.{x.Name}: event {Reference(x.EventHandlerType!)}",
        FieldInfo { IsLiteral: true } x when IsVisible(x) =>
            $"{Name(type)}.{x.Name}: const {Reference(x.FieldType)} = {Literal(x.GetRawConstantValue())}",
        FieldInfo x when IsVisible(x) =>
            $"{Name(type)}.{x.Name}: {(x.IsInitOnly ? "readonly " : "")}{Reference(x.FieldType)}",
        _ => null, // nested types are listed by themselves; everything else is not public
    };

    private static string Kind(Type type)
    {
        if (type.IsEnum)
            return "enum";
        if (type.IsInterface)
            return "interface";
        if (typeof(Delegate).IsAssignableFrom(type))
            return "delegate";
        if (!type.IsValueType)
            return type is { IsAbstract: true, IsSealed: true } ? "static class" : type.IsSealed ? "sealed class"
                : type.IsAbstract ? "abstract class" : "class";
        var isReadOnly = type.IsDefined(typeof(IsReadOnlyAttribute)) ? "readonly " : "";
        return isReadOnly + (type.IsByRefLike ? "ref struct" : "struct");
    }

    private static string Bases(Type type)
    {
        var inherited = type.BaseType?.GetInterfaces() ?? [];
        var bases = type.GetInterfaces().Except(inherited).Where(x => x.IsVisible).Select(Reference)
            .Order(StringComparer.Ordinal).ToList();
        if (type is { IsClass: true, BaseType: { } parent } && parent != typeof(object)
            && !typeof(Delegate).IsAssignableFrom(type))
            bases.Insert(0, Reference(parent));
        return bases.Count == 0 || type.IsEnum ? "" : " : " + string.Join(", ", bases);
    }

    private static string Method(Type type, MethodInfo method)
    {
        var generic = method.IsGenericMethodDefinition
            ? $"<{string.Join(", ", method.GetGenericArguments().Select(Reference))}>"
            : "";
        return $"{Name(type)}.{method.Name}{generic}({Parameters(method)}){Modifiers(method)}: "
            + $"{Reference(method.ReturnType)}"
            + Nullable(new NullabilityInfoContext().Create(method.ReturnParameter).ReadState, method.ReturnType);
    }

    private static string Property(Type type, PropertyInfo property)
    {
        var index = property.GetIndexParameters() is { Length: > 0 } parameters
            ? $"[{string.Join(", ", parameters.Select(Parameter))}]"
            : "";
        var get = IsVisible(property.GetMethod) ? " get;" : "";
        var set = !IsVisible(property.SetMethod) ? ""
            : property.SetMethod!.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit))
            ? " init;"
            : " set;";
        var required = property.IsDefined(typeof(RequiredMemberAttribute)) ? " required" : "";
        return $"{Name(type)}.{property.Name}{index} {{{get}{set} "
            + $"}}{Modifiers(property.GetMethod ?? property.SetMethod!)}{required}: "
            + Reference(property.PropertyType)
            + Nullable(new NullabilityInfoContext().Create(property).ReadState, property.PropertyType);
    }

    private static string Modifiers(MethodBase method) =>
        (method.IsStatic ? " static" : "")
        + (method.IsFamily || method.IsFamilyOrAssembly ? " protected" : "")
        + (method is { IsAbstract: true, DeclaringType.IsInterface: false } ? " abstract" : "");

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(Parameter));

    private static string Parameter(ParameterInfo parameter)
    {
        var type = parameter.ParameterType;
        var direction = !type.IsByRef ? "" : parameter.IsOut ? "out " : parameter.IsIn ? "in " : "ref ";
        var isParams = parameter.IsDefined(typeof(ParamArrayAttribute))
            || parameter.IsDefined(typeof(ParamCollectionAttribute)) ? "params " : "";
        var byDefault = parameter.HasDefaultValue ? $" = {Literal(parameter.RawDefaultValue)}" : "";
        var nullable = Nullable(new NullabilityInfoContext().Create(parameter).WriteState, type);
        return $"{isParams}{direction}{Reference(type)}{nullable} {parameter.Name}{byDefault}";
    }

    private static string Nullable(NullabilityState state, Type type) =>
        state == NullabilityState.Nullable && System.Nullable.GetUnderlyingType(type) is null ? "?" : "";

    private static string Literal(object? value) => value switch
    {
        null => "default",
        string x => $"\"{x}\"",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!.ToLowerInvariant(),
    };

    private static bool IsCompilerMade(MemberInfo member) =>
        member.IsDefined(typeof(CompilerGeneratedAttribute)) || member.Name.Contains('<', StringComparison.Ordinal);

    private static bool IsVisible(MethodBase? method) =>
        method is not null && (method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly);

    private static bool IsVisible(FieldInfo field) => field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly;

    /// <summary>The name of a type where it is declared: in full.</summary>
    private static string Name(Type type) =>
        type.IsNested ? $"{Name(type.DeclaringType!)}.{Reference(type)}" : $"{type.Namespace}.{Reference(type)}";

    /// <summary>The name of a type where it is used: as in a program that imports its namespace.</summary>
    private static string Reference(Type type)
    {
        if (type.IsByRef)
            return Reference(type.GetElementType()!);
        if (type.IsArray)
            return Reference(type.GetElementType()!) + "[]";
        if (System.Nullable.GetUnderlyingType(type) is { } underlying)
            return Reference(underlying) + "?";
        if (Keywords.TryGetValue(type, out var keyword))
            return keyword;
        return !type.IsGenericType ? type.Name
            : $"{type.Name.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(Reference))}>";
    }
}
